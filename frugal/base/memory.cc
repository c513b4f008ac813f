#include "frugal/base/memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#include "frugal/base/checked.h"

namespace frugal {
namespace {

constexpr size_t kLargePage = size_t{2} << 20;
constexpr size_t kLarge = 2 * kLargePage;  // smaller ones would often be given back and asked for again

size_t up_to(size_t bytes, size_t unit) {
  return static_cast<size_t>(round_up(static_cast<int64_t>(bytes), static_cast<int64_t>(unit)));
}

// Begins at a large page, so that all but its end may lie in such pages.
std::shared_ptr<std::byte> from_system(size_t bytes) {
  const size_t mapped = bytes + kLargePage;
  void* start = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) throw std::bad_alloc();
  auto* block = reinterpret_cast<std::byte*>(up_to(reinterpret_cast<uintptr_t>(start), kLargePage));
  ::madvise(block, bytes, MADV_HUGEPAGE);  // a wish: without such pages everything works as before
  return {block, [start, mapped](std::byte*) { ::munmap(start, mapped); }};
}

}  // namespace

std::shared_ptr<std::byte> zeroed_memory(size_t bytes) {
  if (bytes >= kLarge) return from_system(bytes);
  const size_t rounded = up_to(bytes > 0 ? bytes : 1, 64);
  auto* block = static_cast<std::byte*>(std::aligned_alloc(64, rounded));
  if (!block) throw std::bad_alloc();
  std::memset(block, 0, rounded);
  return {block, [](std::byte* p) { std::free(p); }};
}

}  // namespace frugal

#include "frugal/tensor/tensor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <new>

#include "frugal/base/checked.h"
#include "frugal/base/error.h"
#include "frugal/base/memory.h"

namespace frugal {
namespace {

// Calls f with a value of the C++ type that reads an element; 16-bit floats go through their bits.
double load(DType type, const void* bytes, int64_t i) {
  switch (type) {
    case DType::boolean:
      return static_cast<const uint8_t*>(bytes)[i] != 0;
    case DType::u8:
      return static_cast<const uint8_t*>(bytes)[i];
    case DType::i8:
      return static_cast<const int8_t*>(bytes)[i];
    case DType::u16:
      return static_cast<const uint16_t*>(bytes)[i];
    case DType::i16:
      return static_cast<const int16_t*>(bytes)[i];
    case DType::u32:
      return static_cast<const uint32_t*>(bytes)[i];
    case DType::i32:
      return static_cast<const int32_t*>(bytes)[i];
    case DType::u64:
      return static_cast<double>(static_cast<const uint64_t*>(bytes)[i]);
    case DType::i64:
      return static_cast<double>(static_cast<const int64_t*>(bytes)[i]);
    case DType::f16:
      return f16_to_f32(static_cast<const uint16_t*>(bytes)[i]);
    case DType::bf16:
      return bf16_to_f32(static_cast<const uint16_t*>(bytes)[i]);
    case DType::f32:
      return static_cast<const float*>(bytes)[i];
    case DType::f64:
      return static_cast<const double*>(bytes)[i];
  }
  return 0;
}

void store(DType type, void* bytes, int64_t i, double value) {
  switch (type) {
    case DType::boolean:
      static_cast<uint8_t*>(bytes)[i] = value != 0;
      break;
    case DType::u8:
      static_cast<uint8_t*>(bytes)[i] = static_cast<uint8_t>(value);
      break;
    case DType::i8:
      static_cast<int8_t*>(bytes)[i] = static_cast<int8_t>(value);
      break;
    case DType::u16:
      static_cast<uint16_t*>(bytes)[i] = static_cast<uint16_t>(value);
      break;
    case DType::i16:
      static_cast<int16_t*>(bytes)[i] = static_cast<int16_t>(value);
      break;
    case DType::u32:
      static_cast<uint32_t*>(bytes)[i] = static_cast<uint32_t>(value);
      break;
    case DType::i32:
      static_cast<int32_t*>(bytes)[i] = static_cast<int32_t>(value);
      break;
    case DType::u64:
      static_cast<uint64_t*>(bytes)[i] = static_cast<uint64_t>(value);
      break;
    case DType::i64:
      static_cast<int64_t*>(bytes)[i] = static_cast<int64_t>(value);
      break;
    case DType::f16:
      static_cast<uint16_t*>(bytes)[i] = f32_to_f16(static_cast<float>(value));
      break;
    case DType::bf16:
      static_cast<uint16_t*>(bytes)[i] = f32_to_bf16(static_cast<float>(value));
      break;
    case DType::f32:
      static_cast<float*>(bytes)[i] = static_cast<float>(value);
      break;
    case DType::f64:
      static_cast<double*>(bytes)[i] = value;
      break;
  }
}

// Weights are stored as other floats and wanted as f32: 1.5 times as fast as by load and store.
bool widen(DType type, const void* from, std::span<float> to) {
  const auto each = [&](const auto* values, const auto& convert) {
    for (size_t i = 0; i < to.size(); ++i) to[i] = convert(values[i]);
    return true;
  };
  if (type == DType::f16) return each(static_cast<const uint16_t*>(from), f16_to_f32);
  if (type == DType::bf16) return each(static_cast<const uint16_t*>(from), bf16_to_f32);
  if (type == DType::f64)
    return each(static_cast<const double*>(from), [](double value) { return static_cast<float>(value); });
  return false;
}

}  // namespace

int64_t element_count(const Shape& shape) {
  int64_t count = 1;
  for (int64_t dim : shape) count *= dim;
  return count;
}

std::string to_string(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

Tensor::Tensor(DType type, Shape shape) : type_(type), shape_(std::move(shape)) {
  try {
    const std::shared_ptr<std::byte> memory = zeroed_memory(byte_count());
    bytes_ = memory.get();
    owner_ = memory;
  } catch (const std::bad_alloc&) {
    throw Error("", fmt::format("out of memory: {} bytes for a tensor {}", byte_count(), to_string(shape_)));
  }
}

Tensor::Tensor(DType type, Shape shape, void* bytes, std::shared_ptr<const void> owner)
    : type_(type), shape_(std::move(shape)), bytes_(bytes), owner_(std::move(owner)) {}

Tensor Tensor::scalar(float value) {
  Tensor tensor(DType::f32, {});
  tensor.data<float>()[0] = value;
  return tensor;
}

void Tensor::drop_pages() const {
  if (!mapped_ || byte_count() == 0) return;
  // Whole pages, the neighbours' share of the outermost ones too: they come back in the same way.
  static const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<uintptr_t>(bytes_) / page * page;
  const uintptr_t end = reinterpret_cast<uintptr_t>(bytes_) + byte_count();
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

Tensor Tensor::clone() const {
  Tensor copy(type_, shape_);
  if (byte_count() > 0) std::memcpy(copy.bytes_, bytes_, byte_count());
  return copy;
}

Tensor Tensor::reshaped(Shape shape) const {
  assert(element_count(shape) == count());
  Tensor view = *this;
  view.shape_ = std::move(shape);
  return view;
}

Tensor Tensor::to(DType type) const {
  if (type == type_) return *this;
  Tensor out(type, shape_);
  if (type == DType::f32 && widen(type_, bytes_, out.data<float>())) return out;
  for (int64_t i = 0, n = count(); i < n; ++i) store(type, out.bytes_, i, load(type_, bytes_, i));
  return out;
}

}  // namespace frugal

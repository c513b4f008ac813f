#include "frugal/base/memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace frugal {
namespace {

TEST(ZeroedMemory, IsAlignedZeroAndWritable) {
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{100}, size_t{5} << 20, (size_t{9} << 20) + 3}) {
    for (int round = 0; round < 2; ++round) {  // the second may get what the first gave back
      const std::shared_ptr<std::byte> memory = zeroed_memory(bytes);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(memory.get()) % 64, 0u);
      EXPECT_TRUE(
          std::all_of(memory.get(), memory.get() + bytes, [](std::byte b) { return b == std::byte{0}; }));
      std::memset(memory.get(), 0xa5, bytes);
    }
  }
}

}  // namespace
}  // namespace frugal

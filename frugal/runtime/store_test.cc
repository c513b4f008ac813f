#include "frugal/runtime/store.h"

#include <gtest/gtest.h>

#include <cstring>

namespace frugal {
namespace {

TEST(Store, FoldedConstantsLieSideBySideAndApart) {
  Tensor first, second, large;
  {
    Store store;
    first = store.folded_memory(100);
    second = store.folded_memory(70);
    large = store.folded_memory(size_t{40} << 20);  // more than a block
    EXPECT_EQ(first.byte_count(), 100u);
    EXPECT_EQ(static_cast<std::byte*>(second.bytes()) - static_cast<std::byte*>(first.bytes()), 128);
    std::memset(first.bytes(), 1, first.byte_count());
    std::memset(second.bytes(), 2, second.byte_count());
    std::memset(large.bytes(), 3, large.byte_count());
    for (int i = 0; i < 40; ++i) {  // many blocks
      const Tensor more = store.folded_memory(size_t{3} << 20);
      for (const uint8_t byte : more.data<uint8_t>().first(1000)) ASSERT_EQ(byte, 0);
    }
  }
  // They outlive the store.
  EXPECT_EQ(first.data<uint8_t>()[99], 1);
  EXPECT_EQ(second.data<uint8_t>()[69], 2);
  EXPECT_EQ(large.data<uint8_t>()[1 << 20], 3);
}

}  // namespace
}  // namespace frugal

// Where the kernels of products read the rows of their left matrix.
#pragma once

#include <cstddef>
#include <cstdint>

namespace frugal {

// The rows of A that a tile of a product reads. Twelve pointers and the loop's counters are more than x86 has
// registers, and fetching one from a vector register took one of the 24 places that a k has for
// multiply-adds: of many rows only each fourth has its own.
template <int kRows>
struct RowPointers {
  RowPointers(const void* a, int64_t bytes) : once(bytes), thrice(3 * bytes) {
    for (int i = 0; i < kBases; ++i) bases[i] = static_cast<const std::byte*>(a) + kRowsEach * i * bytes;
  }
  const std::byte* at(int row) const {
    const std::byte* base = bases[row / kRowsEach];
    return row % kRowsEach == 3 ? base + thrice : base + row % kRowsEach * once;
  }
  void advance(int64_t bytes) {
    for (const std::byte*& base : bases) {
      base += bytes;
#if defined(__GNUC__)
      if (kRowsEach > 1) __asm__("" : "+r"(base));  // or the compiler makes a pointer of each row again
#endif
    }
  }
  static constexpr int kRowsEach = kRows > 6 ? 4 : 1, kBases = (kRows + kRowsEach - 1) / kRowsEach;
  const std::byte* bases[kBases];
  int64_t once, thrice;  // bytes from a row to the next, and to the third after it
};

}  // namespace frugal

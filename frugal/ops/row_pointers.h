// Where the kernels of products read the rows of their left matrix.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace frugal {

// The rows of A that a tile of a product reads, a T of each at every step of the sum. Twelve pointers and the
// loop's counters are more than x86 has registers, and fetching one from a vector register took one of the 24
// places that a k has for multiply-adds: of many rows only each fourth has its own.
// kSideBySide: the rows' elements of one step follow each other; `bytes` then leads from step to step.
template <class T, int kRows, bool kSideBySide = false>
class RowPointers {
 public:
  RowPointers(const void* a, int64_t bytes) : bytes_(bytes) {
    for (int i = 0; i < kBases; ++i) bases_[i] = static_cast<const std::byte*>(a) + kRowsEach * i * bytes;
  }
  T at(int row) const {
    const int64_t apart = kSideBySide ? sizeof(T) : bytes_;
    T element;
    std::memcpy(&element, bases_[row / kRowsEach] + row % kRowsEach * apart, sizeof element);
    return element;
  }
  void advance() {
    for (const std::byte*& base : bases_) {
      base += kSideBySide ? bytes_ : sizeof(T);
#if defined(__GNUC__)
      // Or the compiler makes a pointer of each row again.
      if (kBases < kRows && !kSideBySide) __asm__("" : "+r"(base));
#endif
    }
  }

 private:
  static constexpr int kRowsEach = kSideBySide ? kRows : kRows > 6 ? 4 : 1;
  static constexpr int kBases = (kRows + kRowsEach - 1) / kRowsEach;
  const std::byte* bases_[kBases];
  int64_t bytes_;
};

}  // namespace frugal

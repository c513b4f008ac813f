// What the kernels of attention in 16 bits share: how products are cut into tiles of registers, and fetching
// ahead; for files of x86 kernels.
#pragma once

#include <xmmintrin.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "frugal/base/checked.h"

namespace frugal {

// The next head's part of this row lies behind it and is wanted next; it comes from the second-level cache or
// farther, and waiting for it took half of the time of FP16's functions outside the products.
inline void fetch_next(const float* row, int64_t width) {
  for (int64_t d = 0; d < width; d += 16) _mm_prefetch(row + width + d, _MM_HINT_T0);
}

enum class HalfProduct { scores, values };

// T: a kernel's tiles. T::Block is what its functions read and write, T::kMostRows<vectors> the most rows of
// a tile, and T::scores<rows, vectors>(block, first row) and T::values<...> compute one.
template <class T, HalfProduct kProduct, int kVectors, int... kRow>
constexpr auto half_tiles(std::integer_sequence<int, kRow...>) {
  using Function = void (*)(const typename T::Block&, int64_t);
  if constexpr (kProduct == HalfProduct::scores)
    return std::array<Function, sizeof...(kRow)>{&T::template scores<kRow + 1, kVectors>...};
  else
    return std::array<Function, sizeof...(kRow)>{&T::template values<kRow + 1, kVectors>...};
}

// Rows are cut evenly, as in attention_product-inl.h.
template <class T, HalfProduct kProduct, int kVectors>
void run_half_tiles(const typename T::Block& block, int64_t rows) {
  static constexpr auto kTiles =
      half_tiles<T, kProduct, kVectors>(std::make_integer_sequence<int, T::template kMostRows<kVectors>>());
  const int64_t count = ceil_div(rows, static_cast<int64_t>(kTiles.size()));
  for (int64_t t = 0; t < count; ++t) {
    const int64_t begin = rows * t / count, end = rows * (t + 1) / count;
    kTiles[static_cast<size_t>(end - begin - 1)](block, begin);
  }
}

// Of one or two vectors of queries and so many keys (scores) or elements of a value (values).
template <class T, HalfProduct kProduct>
void run_half_product(const typename T::Block& block, int64_t vectors, int64_t rows) {
  vectors == 2 ? run_half_tiles<T, kProduct, 2>(block, rows) : run_half_tiles<T, kProduct, 1>(block, rows);
}

}  // namespace frugal

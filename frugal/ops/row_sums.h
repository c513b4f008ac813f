// Sums over rows in an order that the number of rows alone fixes: blocks of 64 rows, each from its first row
// to its last, then the blocks' sums from the first block to the last.
#pragma once

#include "frugal/ops/rows.h"

namespace frugal {

constexpr int64_t kSumRows = 64;
inline int64_t sum_blocks(int64_t rows) { return ceil_div(rows, kSumRows); }

// out[j] = partials[0][j] + partials[1][j] + ... for j in [0, width), the blocks `stride` floats apart;
// collective.
inline void add_blocks(Worker& worker, const float* partials, int64_t blocks, int64_t stride, int64_t width,
                       float* out) {
  for_each_chunk(
      worker, width,
      [=](int64_t begin, int64_t end) {
        for (int64_t j = begin; j < end; ++j) out[j] = 0;
        for (int64_t block = 0; block < blocks; ++block)
          for (int64_t j = begin; j < end; ++j) out[j] += partials[block * stride + j];
      },
      256);
}

// Sums in double, from the first to the last: per-row losses into their mean.
inline double total(const float* values, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += values[i];
  return sum;
}
// 0 when all weights are 0.
inline float weighted_mean(const float* values, const float* weights, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i)
    if (weights[i] != 0) sum += double{weights[i]} * values[i];
  const double weight = total(weights, n);
  return weight == 0 ? 0 : static_cast<float>(sum / weight);
}

}  // namespace frugal

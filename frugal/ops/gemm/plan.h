// How a product is cut into items that any thread may take, from its shape alone.
#pragma once

#include <algorithm>
#include <cstdint>

#include "frugal/ops/gemm/gemm.h"
#include "frugal/ops/gemm/kernel.h"

namespace frugal::gemm_internal {

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
inline int64_t round_up(int64_t a, int64_t unit) { return ceil_div(a, unit) * unit; }

// 255 * 64 * K stays within 32 bits.
constexpr int64_t kMostDepthS8 = 131072;

struct Plan {
  int64_t row_blocks, rows;    // items down M, rows of each (the last may have fewer)
  int64_t col_blocks, panels;  // items along N, panels of each
  // Whether blocks of rows follow each other within one block of columns, whose B then stays in the cache;
  // else blocks of columns follow each other, and a thread prepares the rows once for several.
  bool down_first;
  int64_t strips, strip_rows;  // tiles down one block of rows, and the rows of each
  int64_t group;               // panels that a strip goes through before the next strip
  int64_t chunk;               // k of one call of the kernel
  int64_t deep;                // k that a thread prepares of A at a time
  int64_t deeps;
  int64_t a_stride;  // bytes from row to row of prepared A
  // Scratch: prepared A, the scales of its rows, one gathered row (s8), the sums.
  size_t a_bytes, row_bytes, strip_bytes, acc_bytes;

  int64_t items() const { return row_blocks * col_blocks; }
  size_t scratch_bytes() const { return a_bytes + row_bytes + strip_bytes + acc_bytes; }
};

// s8: scales and sums of all columns lie before the panels.
inline int64_t header_bytes(Precision precision, const Kernel& kernel, int64_t n) {
  return precision == Precision::s8 ? round_up(kernel.panels(n) * kernel.cols * 8, 64) : 0;
}

// `prepared`: A does not lie as the kernel reads it, so each thread brings blocks of rows into its form.
Plan make_plan(Precision precision, const Kernel& kernel, int64_t m, int64_t n, int64_t k, bool prepared);

}  // namespace frugal::gemm_internal

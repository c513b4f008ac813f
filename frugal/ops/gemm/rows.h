// Rows of A and of C: what is done to them outside the product, on Highway.
#pragma once

#include <cstdint>

#include "frugal/ops/gemm/gemm.h"

namespace frugal::gemm_internal {

// to[i][j] = element (i, j) of `from`, i < rows, j < cols; `stride` floats from row to row.
void copy_rows(MatrixView from, int64_t rows, int64_t cols, float* to, int64_t stride);

// real = scale * (quantized - zero)
struct RowScale {
  float scale;
  int32_t zero;
};
// Quantizes x[k] to 8 unsigned bits, rounding to nearest even; the range is that of x and 0, so 0 stays
// exact. Pads q with zeros up to `padded`. A row with NaN or infinity gets the scale NaN.
RowScale quantize_row(const float* x, int64_t k, uint8_t* q, int64_t padded);

// The end of a block of C: sums [panels][rows][panel_cols] -> c [rows][cols].
struct Finish {
  const void* sums;  // float, or int32 for s8
  int64_t panel_cols, panel_stride;
  int64_t rows, cols;  // the last panel may have fewer columns
  float* c;
  int64_t ldc;
  const float* bias;      // at the block's first column; may be null
  const float* residual;  // at the block's first element, stride ldc; may be null
  Activation activation;
  const RowScale* row_scales;  // s8 only, else null: one a row,
  const float* col_scales;     // one a column,
  const int32_t* col_sums;     // and the sum of each column's weights
};
void finish(const Finish& block);

}  // namespace frugal::gemm_internal

// Rows of A in the form a kernel reads: floats, bfloat16, or 8-bit integers with a scale a row.
#pragma once

#include <cstddef>
#include <cstdint>

#include "frugal/ops/gemm/gemm.h"
#include "frugal/ops/gemm/rows.h"

namespace frugal::gemm_internal {

// Row i of `from` (k columns) goes to to + i * stride bytes, with zeros up to `padded` columns (not for f32).
// s8: also scales[i]; `strip` has room for k floats.
void prepare_rows(Precision precision, MatrixView from, int64_t rows, int64_t k, int64_t padded,
                  std::byte* to, int64_t stride, RowScale* scales, float* strip);

}  // namespace frugal::gemm_internal

// Rows of A in the form a kernel reads: floats by columns, bfloat16, or 8-bit integers with a scale a row.
#pragma once

#include <cstddef>
#include <cstdint>

#include "frugal/ops/gemm/gemm.h"
#include "frugal/ops/gemm/rows.h"

namespace frugal::gemm_internal {

// A transposed A in fp32: strips of strip_rows rows one after another, each k by k (Tile::by_k). Nothing is
// transposed, since both sides have the rows of one k side by side.
void prepare_columns(MatrixView from, int64_t rows, int64_t k, int64_t strip_rows, float* to);

// bf16 and s8: row i of `from` (k columns) goes to to + i * stride bytes, with zeros up to `padded` columns.
// s8: also scales[i]; `strip` has room for k floats.
void prepare_rows(Precision precision, MatrixView from, int64_t rows, int64_t k, int64_t padded,
                  std::byte* to, int64_t stride, RowScale* scales, float* strip);

}  // namespace frugal::gemm_internal

// Rows of A in the form a kernel reads: floats by columns, bfloat16, or 8-bit integers with a scale a row.
#pragma once

#include <cstddef>
#include <cstdint>

#include "frugal/ops/gemm/gemm.h"
#include "frugal/ops/gemm/rows.h"

namespace frugal::gemm_internal {

// Whether a kernel reads A where it is, without prepare_rows.
inline bool reads_in_place(Precision precision, MatrixView a) {
  return precision == Precision::f32 && a.col_stride == 1;
}

// bf16 and s8: row i of `from` (k columns) goes to to + i * stride bytes, with zeros up to `padded` columns.
// s8: also scales[i]; `strip` has room for k floats.
// f32: strips of rows one after another, each k by k with `stride` bytes from one k to the next (Tile::by_k).
// A transposed A has the rows of one k side by side already, so nothing is transposed.
void prepare_rows(Precision precision, MatrixView from, int64_t rows, int64_t k, int64_t padded,
                  std::byte* to, int64_t stride, RowScale* scales, float* strip);

}  // namespace frugal::gemm_internal

#include "frugal/ops/gemm/prepare.h"

#include <algorithm>
#include <cstring>

#include "frugal/ops/gemm/kernel.h"

namespace frugal::gemm_internal {
namespace {

// A copy of a size that the compiler knows is a few moves.
template <int kRows>
void copy_columns(MatrixView from, int64_t strips, int64_t k, float* to) {
  for (int64_t j = 0; j < k; ++j)
    for (int64_t strip = 0; strip < strips; ++strip)
      std::memcpy(to + (strip * k + j) * kRows, from.data + j * from.col_stride + strip * kRows, kRows * 4);
}

void prepare_f32(MatrixView from, int64_t rows, int64_t k, int64_t strip_rows, float* to) {
  int64_t whole = 0;  // strips that are copied already
  if (from.row_stride == 1 && (strip_rows == 6 || strip_rows == 12)) {
    whole = rows / strip_rows;
    strip_rows == 6 ? copy_columns<6>(from, whole, k, to) : copy_columns<12>(from, whole, k, to);
  }
  for (int64_t i = whole * strip_rows; i < rows; ++i) {
    float* strip = to + i / strip_rows * k * strip_rows + i % strip_rows;
    for (int64_t j = 0; j < k; ++j)
      strip[j * strip_rows] = from.data[i * from.row_stride + j * from.col_stride];
  }
}

void prepare_bf16(MatrixView from, int64_t rows, int64_t k, int64_t padded, std::byte* to, int64_t stride) {
  const auto row = [&](int64_t i) { return reinterpret_cast<uint16_t*>(to + i * stride); };
  if (from.col_stride == 1) {
    for (int64_t i = 0; i < rows; ++i) to_bf16(from.data + i * from.row_stride, k, row(i), padded);
    return;
  }
  to_bf16_transposed(from.data, from.col_stride, rows, k, padded, to, stride);
}

void prepare_s8(MatrixView from, int64_t rows, int64_t k, int64_t padded, std::byte* to, int64_t stride,
                RowScale* scales, float* strip) {
  for (int64_t i = 0; i < rows; ++i) {
    const float* x = from.data + i * from.row_stride;
    if (from.col_stride != 1) {
      copy_rows({x, from.row_stride, from.col_stride}, 1, k, strip, k);
      x = strip;
    }
    scales[i] = quantize_row(x, k, reinterpret_cast<uint8_t*>(to + i * stride), padded);
  }
}

}  // namespace

void prepare_rows(Precision precision, MatrixView from, int64_t rows, int64_t k, int64_t padded,
                  std::byte* to, int64_t stride, RowScale* scales, float* strip) {
  switch (precision) {
    case Precision::f32:
      return prepare_f32(from, rows, k, stride / 4, reinterpret_cast<float*>(to));
    case Precision::bf16:
      return prepare_bf16(from, rows, k, padded, to, stride);
    case Precision::s8:
      return prepare_s8(from, rows, k, padded, to, stride, scales, strip);
  }
}

}  // namespace frugal::gemm_internal

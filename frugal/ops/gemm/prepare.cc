#include "frugal/ops/gemm/prepare.h"

#include <algorithm>

#include "frugal/ops/gemm/kernel.h"

namespace frugal::gemm_internal {
namespace {

void prepare_bf16(MatrixView from, int64_t rows, int64_t k, int64_t padded, std::byte* to, int64_t stride) {
  const auto row = [&](int64_t i) { return reinterpret_cast<uint16_t*>(to + i * stride); };
  if (from.col_stride == 1) {
    for (int64_t i = 0; i < rows; ++i) to_bf16(from.data + i * from.row_stride, k, row(i), padded);
    return;
  }
  // A transposed matrix comes through a strip of 16 rows of floats, 16 KiB.
  constexpr int64_t kRows = 16, kCols = 256;
  alignas(64) float strip[kRows * kCols];
  for (int64_t i0 = 0; i0 < rows; i0 += kRows)
    for (int64_t j0 = 0; j0 < padded; j0 += kCols) {
      const int64_t strip_rows = std::min(kRows, rows - i0), cols = std::clamp<int64_t>(k - j0, 0, kCols);
      copy_rows({from.data + i0 * from.row_stride + j0 * from.col_stride, from.row_stride, from.col_stride},
                strip_rows, cols, strip, kCols);
      for (int64_t i = 0; i < strip_rows; ++i)
        to_bf16(strip + i * kCols, cols, row(i0 + i) + j0, std::min(kCols, padded - j0));
    }
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
      return copy_rows(from, rows, k, reinterpret_cast<float*>(to), stride / 4);
    case Precision::bf16:
      return prepare_bf16(from, rows, k, padded, to, stride);
    case Precision::s8:
      return prepare_s8(from, rows, k, padded, to, stride, scales, strip);
  }
}

}  // namespace frugal::gemm_internal

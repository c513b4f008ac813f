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
      return copy_rows(from, rows, k, reinterpret_cast<float*>(to), stride / 4);
    case Precision::bf16:
      return prepare_bf16(from, rows, k, padded, to, stride);
    case Precision::s8:
      return prepare_s8(from, rows, k, padded, to, stride, scales, strip);
  }
}

}  // namespace frugal::gemm_internal

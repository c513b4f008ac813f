// Packing B into panels (the layout is in kernel.h).
#include "frugal/ops/gemm/pack.h"

#include <algorithm>
#include <cstring>

#include "frugal/ops/gemm/rows.h"

namespace frugal::gemm_internal {

void pack_panel_f32(const Kernel& kernel, MatrixView b, int64_t k, int64_t n, int64_t panel, float* to) {
  const int64_t first = panel * kernel.cols, cols = std::min(kernel.cols, n - first);
  if (cols < kernel.cols) std::memset(to, 0, kernel.panel_bytes(k));
  b.data += first * b.col_stride;
  copy_rows(b, k, cols, to, kernel.cols);
}

void pack_panel_bf16(const Kernel& kernel, MatrixView b, int64_t k, int64_t n, int64_t panel, void* to) {
  const int64_t first = panel * kernel.cols;
  b.data += first * b.col_stride;
  pack_panel_bf16_x86(b, k, kernel.padded_k(k), std::min(kernel.cols, n - first), to, kernel.cols);
}

void pack_panel_s8(const Kernel& kernel, ByteView w, int64_t k, int64_t n, int64_t panel, int8_t* to,
                   int32_t* sums) {
  const int64_t first = panel * kernel.cols, cols = std::min(kernel.cols, n - first), group = kernel.group;
  std::memset(to, 0, kernel.panel_bytes(k));
  for (int64_t j = 0; j < kernel.cols; ++j) {
    sums[j] = 0;
    if (j >= cols) continue;
    const int8_t* column = w.data + (first + j) * w.col_stride;
    for (int64_t i = 0; i < k; ++i) {
      const int8_t weight = column[i * w.row_stride];
      to[(i / group * kernel.cols + j) * group + i % group] = weight;
      sums[j] += weight;
    }
  }
}

}  // namespace frugal::gemm_internal

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
  constexpr int64_t kGroup = 4;
  const int64_t first = panel * kernel.cols, cols = std::min(kernel.cols, n - first);
  if (cols < kernel.cols || k % kernel.k_unit != 0) std::memset(to, 0, kernel.panel_bytes(k));
  std::fill_n(sums, kernel.cols, 0);
  // Groups of k outside: a weight stored by rows is read along its columns too.
  for (int64_t i = 0; i < k; i += kGroup) {
    const bool together = w.row_stride == 1 && i + kGroup <= k;
    for (int64_t j = 0; j < cols; ++j) {
      const int8_t* from = w.data + i * w.row_stride + (first + j) * w.col_stride;
      int8_t* at = to + i * kernel.cols + j * kGroup;
      if (together)
        std::memcpy(at, from, kGroup);
      else
        for (int64_t e = 0; e < std::min(kGroup, k - i); ++e) at[e] = from[e * w.row_stride];
    }
    const int8_t* at = to + i * kernel.cols;
    for (int64_t j = 0; j < cols; ++j, at += kGroup) sums[j] += at[0] + at[1] + at[2] + at[3];
  }
  if (kernel.stretch == 0) return;
  int8_t* summable = to + kernel.elements_bytes(k);
  for (int64_t i = 0; i < k; i += kernel.stretch) *summable++ = kernel.summable(to + i * kernel.cols);
}

}  // namespace frugal::gemm_internal

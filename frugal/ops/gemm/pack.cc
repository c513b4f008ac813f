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

namespace {

// Whether the products of `groups` groups can be summed in 16 bits whatever the bytes of A are (0 to 255),
// for each of the two pairs of k that a group has. `w`: [groups][cols][4].
bool fits_16_bits(const int8_t* w, int64_t groups, int64_t cols) {
  constexpr int kMost = 32767 / 255;
  for (int64_t pair = 0; pair < 2 * cols; ++pair) {
    int up = 0, down = 0;
    for (int64_t g = 0; g < groups; ++g)
      for (int64_t e = 0; e < 2; ++e) {
        const int one = w[(g * cols * 2 + pair) * 2 + e];
        (one > 0 ? up : down) += one;
      }
    if (up > kMost || -down > kMost) return false;
  }
  return true;
}

// Of a stretch of `groups` groups all, half or fewer: the most that can be summed in 16 bits everywhere in
// it.
int8_t summable_groups(const int8_t* w, int64_t groups, int64_t cols) {
  for (int64_t chain = groups; chain > 1; chain /= 2) {
    bool fits = true;
    for (int64_t g = 0; g < groups && fits; g += chain) fits = fits_16_bits(w + g * cols * 4, chain, cols);
    if (fits) return static_cast<int8_t>(chain);
  }
  return 1;
}

}  // namespace

void pack_panel_s8(const Kernel& kernel, ByteView w, int64_t k, int64_t n, int64_t panel, int8_t* to,
                   int32_t* sums) {
  const int64_t first = panel * kernel.cols, cols = std::min(kernel.cols, n - first), group = kernel.group;
  std::memset(to, 0, kernel.panel_bytes(k));
  std::fill_n(sums, kernel.cols, 0);
  // Groups of k outside: a weight stored by rows is read along its columns too.
  for (int64_t i = 0; i < k; i += group)
    for (int64_t j = 0; j < cols; ++j) {
      const int8_t* from = w.data + i * w.row_stride + (first + j) * w.col_stride;
      int8_t* at = to + i * kernel.cols + j * group;
      for (int64_t e = 0; e < std::min(group, k - i); ++e) sums[j] += at[e] = from[e * w.row_stride];
    }
  if (kernel.stretch == 0) return;
  int8_t* summable = to + kernel.elements_bytes(k);
  for (int64_t i = 0; i < k; i += kernel.stretch)
    *summable++ = summable_groups(to + i * kernel.cols, kernel.stretch / group, kernel.cols);
}

}  // namespace frugal::gemm_internal

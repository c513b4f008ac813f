// Packing B into panels (the layout is in kernel.h).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frugal/ops/gemm/pack.cc"
#include <hwy/foreach_target.h>
// After foreach_target.h
#include <hwy/highway.h>

#include "frugal/ops/gemm/pack.h"

HWY_BEFORE_NAMESPACE();
namespace frugal::gemm_internal {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The high halves hold the values rounded to bfloat16, nearest even; NaN stays NaN.
template <class D, class V = hn::Vec<D>>
HWY_INLINE auto RoundToBf16(D d, V x) {
  const hn::RebindToUnsigned<D> du;
  const auto bits = hn::BitCast(du, x);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1));
  const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(du, 0x7fff)));
  return hn::BitCast(du, hn::IfThenElse(hn::Ne(x, x), hn::BitCast(d, hn::Or(bits, hn::Set(du, 0x00400000))),
                                        hn::BitCast(d, rounded)));
}

void PackPairs(const float* even, const float* odd, int64_t cols, uint32_t* to) {
  const hn::ScalableTag<float> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  for (int64_t j = 0; j < cols; j += hn::Lanes(d)) {
    const auto low = hn::ShiftRight<16>(RoundToBf16(d, hn::LoadU(d, even + j)));
    const auto high = hn::And(RoundToBf16(d, hn::LoadU(d, odd + j)), hn::Set(du, 0xffff0000u));
    hn::StoreU(hn::Or(low, high), du, to + j);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace frugal::gemm_internal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>
#include <cstring>

#include "frugal/ops/gemm/rows.h"

namespace frugal::gemm_internal {
HWY_EXPORT(PackPairs);

void pack_panel_f32(const Kernel& kernel, MatrixView b, int64_t k, int64_t n, int64_t panel, float* to) {
  const int64_t first = panel * kernel.cols, cols = std::min(kernel.cols, n - first);
  if (cols < kernel.cols) std::memset(to, 0, kernel.panel_bytes(k));
  b.data += first * b.col_stride;
  copy_rows(b, k, cols, to, kernel.cols);
}

void pack_panel_bf16(const Kernel& kernel, MatrixView b, int64_t k, int64_t n, int64_t panel, void* to) {
  constexpr int64_t kStrip = 64, kMostCols = 32;
  alignas(64) float strip[kStrip * kMostCols];
  const int64_t first = panel * kernel.cols, cols = std::min(kernel.cols, n - first);
  for (int64_t k0 = 0; k0 < kernel.padded_k(k); k0 += kStrip) {
    const int64_t rows = std::clamp<int64_t>(k - k0, 0, kStrip);
    if (rows < kStrip || cols < kernel.cols) std::fill(std::begin(strip), std::end(strip), 0.0f);
    const MatrixView part{b.data + k0 * b.row_stride + first * b.col_stride, b.row_stride, b.col_stride};
    if (rows > 0) copy_rows(part, rows, cols, strip, kernel.cols);
    const int64_t padded = std::min(kStrip, kernel.padded_k(k) - k0);
    for (int64_t i = 0; i < padded; i += 2) HWY_DYNAMIC_DISPATCH(PackPairs)
    (strip + i * kernel.cols, strip + (i + 1) * kernel.cols, kernel.cols,
     static_cast<uint32_t*>(to) + (k0 + i) / 2 * kernel.cols);
  }
}

void pack_panel_s8(const Kernel& kernel, const int8_t* w, int64_t k, int64_t n, int64_t panel, int8_t* to,
                   int32_t* sums) {
  const int64_t first = panel * kernel.cols, cols = std::min(kernel.cols, n - first), group = kernel.group;
  std::memset(to, 0, kernel.panel_bytes(k));
  for (int64_t j = 0; j < kernel.cols; ++j) {
    sums[j] = 0;
    if (j >= cols) continue;
    const int8_t* column = w + (first + j) * k;
    for (int64_t i = 0; i < k; i += group)
      std::memcpy(to + (i / group * kernel.cols + j) * group, column + i, std::min(group, k - i));
    for (int64_t i = 0; i < k; ++i) sums[j] += column[i];
  }
}

}  // namespace frugal::gemm_internal
#endif

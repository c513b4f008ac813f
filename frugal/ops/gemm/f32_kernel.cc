// The fp32 micro-kernel on Highway: 12 x 2 vectors of sums with 32 registers, 6 x 2 with 16.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frugal/ops/gemm/f32_kernel.cc"
#include <hwy/foreach_target.h>
// After foreach_target.h
#include <hwy/highway.h>

#include "frugal/ops/gemm/kernel.h"

HWY_BEFORE_NAMESPACE();
namespace frugal::gemm_internal {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr int kMaxRows = HWY_TARGET <= HWY_AVX3 ? 12 : 6;
// Without AVX-512 the loop's counters compete with 12 multiply-adds for ports: unrolling took 4 % off
// (Emerald Rapids).
constexpr int kUnroll = HWY_TARGET <= HWY_AVX3 ? 1 : 4;

constexpr int kLines =
    (2 * hn::MaxLanes(hn::ScalableTag<float>()) * sizeof(float) + 63) / 64;  // of a k of a panel

// The same additions in the same order as finish() in rows.h, without the way through acc: 3 % of a product
// of K 384.
template <int kRows, int kVectors, class V>
HWY_INLINE void StoreToC(const Tile& tile, int64_t col, const V (&sums)[kRows][kVectors]) {
  const hn::ScalableTag<float> d;
  const int64_t lanes = hn::Lanes(d);
  for (int v = 0; v < kVectors; ++v) {
    const int64_t at = col + v * lanes;
    const V bias = tile.bias ? hn::LoadU(d, tile.bias + at) : hn::Zero(d);
    for (int r = 0; r < kRows; ++r) {
      V y = sums[r][v];
      if (tile.bias) y = hn::Add(y, bias);
      if (tile.residual) y = hn::Add(y, hn::LoadU(d, tile.residual + r * tile.ldc + at));
      hn::StoreU(y, d, tile.c + r * tile.ldc + at);
    }
  }
}

// Each sum runs over k upwards with one fused multiply-add a step, whatever kRows and kPanels are.
template <int kRows, int kPanels, bool kByK, bool kFetch>
void RunRows(const Tile& tile, int64_t panel) {
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  const int64_t lanes = hn::Lanes(d), cols = 2 * lanes;
  RowPointers<float, kRows, kByK> rows(tile.a, tile.a_bytes);
  const float* HWY_RESTRICT b = static_cast<const float*>(tile.b) + panel * (tile.b_bytes / 4);
  const int64_t b_panel = tile.b_bytes / 4;
  float* HWY_RESTRICT acc = static_cast<float*>(tile.acc) + panel * tile.acc_elements;

  V c[kRows][2 * kPanels];
  if (tile.first) {
    for (auto& row : c)
      for (V& v : row) v = hn::Zero(d);
  } else {
    for (int r = 0; r < kRows; ++r)
      for (int v = 0; v < 2 * kPanels; ++v)
        c[r][v] = hn::Load(d, acc + (v / 2) * tile.acc_elements + r * cols + (v % 2) * lanes);
  }
#pragma GCC unroll kUnroll
  for (int64_t k = 0; k < tile.k; ++k) {
    V columns[2 * kPanels];
    if constexpr (kFetch) tile.ahead.fetch<kLines>(b, k);
#pragma GCC unroll 8
    for (int v = 0; v < 2 * kPanels; ++v)
      columns[v] = hn::Load(d, b + (v / 2) * b_panel + k * cols + (v % 2) * lanes);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const V x = hn::Set(d, rows.at(r));
#pragma GCC unroll 8
      for (int v = 0; v < 2 * kPanels; ++v) c[r][v] = hn::MulAdd(x, columns[v], c[r][v]);
    }
    rows.advance();
  }
  if (tile.c) return StoreToC<kRows, 2 * kPanels>(tile, panel * cols, c);
  for (int r = 0; r < kRows; ++r)
    for (int v = 0; v < 2 * kPanels; ++v)
      hn::Store(c[r][v], d, acc + (v / 2) * tile.acc_elements + r * cols + (v % 2) * lanes);
}

// With few rows, several panels at once: at least 8 sums hide the latency of the multiply-add.
template <int kRows, bool kByK>
void RunPanels(const Tile& tile) {
  constexpr int kPanels = kRows == 1 ? 4 : kRows <= 3 ? 2 : 1;
  int64_t panel = 0;
  if constexpr (kPanels > 1)
    for (; panel + kPanels <= tile.panels; panel += kPanels)
      RunRows<kRows, kPanels, kByK, false>(tile, panel);
  for (; panel < tile.panels; ++panel)
    tile.ahead.step ? RunRows<kRows, 1, kByK, true>(tile, panel)
                    : RunRows<kRows, 1, kByK, false>(tile, panel);
}

template <int kRows>
void RunAs(const Tile& tile) {
  if (tile.by_k) return RunPanels<kRows, true>(tile);
  return RunPanels<kRows, false>(tile);
}

void Run(const Tile& tile) {
  switch (tile.rows) {
    case 1:
      return RunAs<1>(tile);
    case 2:
      return RunAs<2>(tile);
    case 3:
      return RunAs<3>(tile);
    case 4:
      return RunAs<4>(tile);
    case 5:
      return RunAs<5>(tile);
    case 6:
      return RunAs<6>(tile);
#if HWY_TARGET <= HWY_AVX3
    case 7:
      return RunAs<7>(tile);
    case 8:
      return RunAs<8>(tile);
    case 9:
      return RunAs<9>(tile);
    case 10:
      return RunAs<10>(tile);
    case 11:
      return RunAs<11>(tile);
    case 12:
      return RunAs<12>(tile);
#endif
  }
}

Kernel GetKernel() {
  const int64_t cols = 2 * hn::Lanes(hn::ScalableTag<float>());
  const auto nothing = [] {};
  return {.rows = kMaxRows,
          .row_unit = 1,
          .cols = cols,
          .k_unit = 1,
          .group = 1,
          .step = 1,
          .element = sizeof(float),
          .chunk = 384,  // 1 to 4 % faster than 256, though 32 columns of it fill 48 KiB
          .stretch = 0,
          .far = 0,
          .together = 1,
          .summable = nullptr,
          .run = Run,
          .enter = nothing,
          .leave = nothing};
}

}  // namespace HWY_NAMESPACE
}  // namespace frugal::gemm_internal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace frugal::gemm_internal {
HWY_EXPORT(GetKernel);
Kernel f32_kernel() { return HWY_DYNAMIC_DISPATCH(GetKernel)(); }
}  // namespace frugal::gemm_internal
#endif

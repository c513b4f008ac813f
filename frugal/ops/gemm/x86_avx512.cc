// 8-bit products with vpdpbusd and bfloat16 products with vdpbf16ps: the same loop, 12 x 2 vectors of sums.
#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>

#include "frugal/ops/gemm/x86.h"

namespace frugal::gemm_internal {
namespace {

#define FRUGAL_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512bf16")))
#define FRUGAL_AVX512_INLINE FRUGAL_AVX512 __attribute__((always_inline)) static inline

constexpr int64_t kCols = 32;
constexpr int64_t kLine = 2;  // vectors of one group of k in a panel

struct Bytes {
  static constexpr int64_t kGroup = 4;
  FRUGAL_AVX512_INLINE __m512i add(__m512i c, __m512i a, __m512i b) { return _mm512_dpbusd_epi32(c, a, b); }
};

struct Bf16 {
  static constexpr int64_t kGroup = 2;
  FRUGAL_AVX512_INLINE __m512i add(__m512i c, __m512i a, __m512i b) {
    return _mm512_castps_si512(_mm512_dpbf16_ps(_mm512_castsi512_ps(c), (__m512bh)a, (__m512bh)b));
  }
};

template <class Op, int kRows, int kPanels, bool kFetch>
FRUGAL_AVX512 void run_rows(const Tile& tile, int64_t panel) {
  RowPointers<int32_t, kRows> rows(tile.a, tile.a_bytes);
  const int64_t groups = tile.k / Op::kGroup, b_panel = tile.b_bytes / 64;
  const auto* b = static_cast<const __m512i*>(tile.b) + panel * b_panel;
  const int64_t acc_panel = tile.acc_elements / 16;
  auto* acc = static_cast<__m512i*>(tile.acc) + panel * acc_panel;
  // All loops over the sums are unrolled: one that is not makes GCC keep them in memory, at 40 % of the
  // speed.
  __m512i c[kRows][kPanels * kLine];
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < kPanels * kLine; ++v)
      c[r][v] = tile.first ? _mm512_setzero_si512() : acc[v / kLine * acc_panel + r * kLine + v % kLine];
  for (int64_t g = 0; g < groups; ++g) {
    __m512i columns[kPanels * kLine];
    if constexpr (kFetch) tile.ahead.fetch<kLine>(b, g);
#pragma GCC unroll 8
    for (int v = 0; v < kPanels * kLine; ++v) columns[v] = b[v / kLine * b_panel + g * kLine + v % kLine];
#pragma GCC unroll 12
    for (int r = 0; r < kRows; ++r) {
      const __m512i x = _mm512_set1_epi32(rows.at(r));
#pragma GCC unroll 8
      for (int v = 0; v < kPanels * kLine; ++v) c[r][v] = Op::add(c[r][v], x, columns[v]);
    }
    rows.advance();
  }
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < kPanels * kLine; ++v) acc[v / kLine * acc_panel + r * kLine + v % kLine] = c[r][v];
}

template <class Op, int kRows>
void run_panels(const Tile& tile) {
  constexpr int kPanels = kRows == 1 ? 4 : kRows <= 3 ? 2 : 1;
  int64_t panel = 0;
  if constexpr (kPanels > 1)
    for (; panel + kPanels <= tile.panels; panel += kPanels) run_rows<Op, kRows, kPanels, false>(tile, panel);
  for (; panel < tile.panels; ++panel)
    tile.ahead.step ? run_rows<Op, kRows, 1, true>(tile, panel) : run_rows<Op, kRows, 1, false>(tile, panel);
}

template <class Op>
void run(const Tile& tile) {
  switch (tile.rows) {
    case 1:
      return run_panels<Op, 1>(tile);
    case 2:
      return run_panels<Op, 2>(tile);
    case 3:
      return run_panels<Op, 3>(tile);
    case 4:
      return run_panels<Op, 4>(tile);
    case 5:
      return run_panels<Op, 5>(tile);
    case 6:
      return run_panels<Op, 6>(tile);
    case 7:
      return run_panels<Op, 7>(tile);
    case 8:
      return run_panels<Op, 8>(tile);
    case 9:
      return run_panels<Op, 9>(tile);
    case 10:
      return run_panels<Op, 10>(tile);
    case 11:
      return run_panels<Op, 11>(tile);
    case 12:
      return run_panels<Op, 12>(tile);
  }
}

template <class Op>
Kernel kernel() {
  const auto nothing = [] {};
  return {.rows = 12,
          .row_unit = 1,
          .cols = kCols,
          .k_unit = Op::kGroup,
          .group = Op::kGroup,
          .step = Op::kGroup,
          .element = 4 / Op::kGroup,
          .chunk = 256 * Op::kGroup,
          .stretch = 0,
          .far = 0,
          .together = 1,
          .summable = nullptr,
          .run = run<Op>,
          .enter = nothing,
          .leave = nothing};
}

}  // namespace

void run_vnni(const Tile& tile) { run<Bytes>(tile); }
Kernel s8_vnni_kernel() { return kernel<Bytes>(); }
Kernel bf16_avx512_kernel() { return kernel<Bf16>(); }

FRUGAL_AVX512 void to_bf16(const float* x, int64_t k, uint16_t* to, int64_t padded) {
  for (int64_t i = 0; i < padded; i += 32) {
    const int64_t left = std::clamp<int64_t>(k - i, 0, 32);
    const __mmask32 valid = static_cast<__mmask32>((uint64_t{1} << left) - 1);
    const __m512 low = _mm512_maskz_loadu_ps(static_cast<__mmask16>(valid), x + i);
    const __m512 high = _mm512_maskz_loadu_ps(static_cast<__mmask16>(valid >> 16), x + i + 16);
    const __mmask32 stored = static_cast<__mmask32>((uint64_t{1} << std::min<int64_t>(padded - i, 32)) - 1);
    _mm512_mask_storeu_epi16(to + i, stored, (__m512i)_mm512_cvtne2ps_pbh(high, low));
  }
}

}  // namespace frugal::gemm_internal
#endif

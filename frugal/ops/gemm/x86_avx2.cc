// 8-bit products on AVX2: vpmaddubsw adds two products in 16 bits (2 * 255 * 64 fits: nothing saturates),
// vpmaddwd with ones makes them 32 wide. Where the weights are small enough, which packing has noted, two or
// four of the former are added before the latter: 2.5 or 2.25 instructions for 32 products in place of 3, the
// same integers.
#if defined(__x86_64__)
#include <immintrin.h>

#include <cstring>

#include "frugal/ops/gemm/x86.h"

namespace frugal::gemm_internal {
namespace {

#define FRUGAL_AVX2 __attribute__((target("avx2,fma")))
#define FRUGAL_AVX2_INLINE FRUGAL_AVX2 __attribute__((always_inline)) static inline

constexpr int64_t kCols = 16, kGroup = 4, kGroups = 4, kStretch = kGroup * kGroups;

// sum += the products of a stretch of one row with 16 columns, kChain groups at a time in 16 bits.
template <int kChain>
FRUGAL_AVX2_INLINE void add_stretch(const std::byte* a, const __m256i* b, __m256i ones, __m256i* sum) {
#pragma GCC unroll 4
  for (int first = 0; first < kGroups; first += kChain) {
    __m256i low, high;
#pragma GCC unroll 4
    for (int g = first; g < first + kChain; ++g) {
      int32_t four;
      std::memcpy(&four, a + g * kGroup, sizeof four);
      const __m256i x = _mm256_set1_epi32(four);
      const __m256i l = _mm256_maddubs_epi16(x, b[2 * g]), h = _mm256_maddubs_epi16(x, b[2 * g + 1]);
      low = g == first ? l : _mm256_add_epi16(low, l);
      high = g == first ? h : _mm256_add_epi16(high, h);
    }
    sum[0] = _mm256_add_epi32(sum[0], _mm256_madd_epi16(low, ones));
    sum[1] = _mm256_add_epi32(sum[1], _mm256_madd_epi16(high, ones));
  }
}

template <int kRows, int kChain>
FRUGAL_AVX2_INLINE void add_rows(const std::byte* a, int64_t a_bytes, const __m256i* b, __m256i ones,
                                 __m256i (*sums)[2]) {
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) add_stretch<kChain>(a + r * a_bytes, b, ones, sums[r]);
}

template <int kRows, bool kFetch>
FRUGAL_AVX2 void run_rows(const Tile& tile, int64_t panel) {
  const auto* a = static_cast<const std::byte*>(tile.a);
  const auto* b = static_cast<const __m256i*>(tile.b) + panel * (tile.b_bytes / 32);
  const auto* chains = static_cast<const int8_t*>(tile.summable) + panel * tile.b_bytes;
  auto* acc = static_cast<__m256i*>(tile.acc) + panel * (tile.acc_elements / 8);
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i c[kRows][2];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < 2; ++v) c[r][v] = tile.first ? _mm256_setzero_si256() : acc[r * 2 + v];
  for (int64_t i = 0; i < tile.k / kStretch; ++i) {
    if constexpr (kFetch) tile.ahead.fetch<kStretch * kCols / 64>(b, i);
    const std::byte* stretch = a + i * kStretch;
    const __m256i* columns = b + i * 2 * kGroups;
    if (chains[i] == 4)
      add_rows<kRows, 4>(stretch, tile.a_bytes, columns, ones, c);
    else if (chains[i] == 2)
      add_rows<kRows, 2>(stretch, tile.a_bytes, columns, ones, c);
    else
      add_rows<kRows, 1>(stretch, tile.a_bytes, columns, ones, c);
  }
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < 2; ++v) acc[r * 2 + v] = c[r][v];
}

template <int kRows>
void run_panels(const Tile& tile) {
  for (int64_t panel = 0; panel < tile.panels; ++panel)
    tile.ahead.step ? run_rows<kRows, true>(tile, panel) : run_rows<kRows, false>(tile, panel);
}

void run(const Tile& tile) {
  switch (tile.rows) {
    case 1:
      return run_panels<1>(tile);
    case 2:
      return run_panels<2>(tile);
    case 3:
      return run_panels<3>(tile);
    case 4:
      return run_panels<4>(tile);
  }
}

}  // namespace

Kernel s8_avx2_kernel() {
  const auto nothing = [] {};
  return {.rows = 4,
          .row_unit = 1,
          .cols = kCols,
          .k_unit = kStretch,
          .group = kGroup,
          .step = kStretch,
          .element = 1,
          .chunk = 1024,
          .stretch = kStretch,
          .together = 1,
          .run = run,
          .enter = nothing,
          .leave = nothing};
}

}  // namespace frugal::gemm_internal
#endif

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

// A tile of few rows and many columns: a broadcast of four bytes of A serves four vectors of B, which are
// operands in memory. Loads, two a cycle, then stay behind the multipliers, also two a cycle; with 4 rows of
// 16 columns both were full, and Zen 3 reached 196 GOP/s of one thread where this reaches 231.
constexpr int64_t kRows = 2, kVectors = 4, kCols = kVectors * 8;
constexpr int64_t kGroup = 4, kGroups = 4, kStretch = kGroup * kGroups;
constexpr int kLines = kStretch * kCols / 64;  // of B, a stretch

// In place, in this order: the compiler would sum the sums of several products first, and then lacks
// registers.
FRUGAL_AVX2_INLINE void add_16(__m256i& sum, __m256i x) { __asm__("vpaddw %1, %0, %0" : "+x"(sum) : "x"(x)); }
FRUGAL_AVX2_INLINE void add_32(__m256i& sum, __m256i x) { __asm__("vpaddd %1, %0, %0" : "+x"(sum) : "x"(x)); }

// sum += the products of kChain groups of one row with all columns, a column's groups summed in 16 bits.
template <int kChain>
FRUGAL_AVX2_INLINE void add_groups(const std::byte* a, const __m256i* b, __m256i ones, __m256i* sum) {
  __m256i x[kChain];
#pragma GCC unroll 4
  for (int g = 0; g < kChain; ++g) {
    int32_t four;
    std::memcpy(&four, a + g * kGroup, sizeof four);
    x[g] = _mm256_set1_epi32(four);
  }
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    __m256i pairs = _mm256_maddubs_epi16(x[0], b[v]);
#pragma GCC unroll 4
    for (int g = 1; g < kChain; ++g) add_16(pairs, _mm256_maddubs_epi16(x[g], b[g * kVectors + v]));
    add_32(sum[v], _mm256_madd_epi16(pairs, ones));
  }
}

template <int kRows, int kChain>
FRUGAL_AVX2_INLINE void add_stretch(const std::byte* a, int64_t a_bytes, const __m256i* b, __m256i ones,
                                    __m256i (*sums)[kVectors]) {
#pragma GCC unroll 4
  for (int g = 0; g < kGroups; g += kChain)
#pragma GCC unroll 2
    for (int r = 0; r < kRows; ++r)
      add_groups<kChain>(a + r * a_bytes + g * kGroup, b + g * kVectors, ones, sums[r]);
}

template <int kRows, int kFetch>
FRUGAL_AVX2 void run_rows(const Tile& tile, int64_t panel) {
  const auto* a = static_cast<const std::byte*>(tile.a);
  const auto* b = static_cast<const __m256i*>(tile.b) + panel * (tile.b_bytes / 32);
  const auto* chains = static_cast<const int8_t*>(tile.summable) + panel * tile.b_bytes;
  auto* acc = static_cast<__m256i*>(tile.acc) + panel * (tile.acc_elements / 8);
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i c[kRows][kVectors];
#pragma GCC unroll 2
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) c[r][v] = tile.first ? _mm256_setzero_si256() : acc[r * kVectors + v];
  for (int64_t i = 0; i < tile.k / kStretch; ++i) {
    if constexpr (kFetch > 0) tile.ahead.fetch<kFetch>(b, i);
    const std::byte* stretch = a + i * kStretch;
    const __m256i* columns = b + i * kGroups * kVectors;
    if (chains[i] == 2)
      add_stretch<kRows, 2>(stretch, tile.a_bytes, columns, ones, c);
    else if (chains[i] == 4)
      add_stretch<kRows, 4>(stretch, tile.a_bytes, columns, ones, c);
    else
      add_stretch<kRows, 1>(stretch, tile.a_bytes, columns, ones, c);
  }
#pragma GCC unroll 2
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) acc[r * kVectors + v] = c[r][v];
}

template <int kRows>
void run_panels(const Tile& tile) {
  const auto run = [&]<int kFetch>() {
    for (int64_t panel = 0; panel < tile.panels; ++panel) run_rows<kRows, kFetch>(tile, panel);
  };
  switch (tile.ahead.lines) {
    case 0:
      return run.template operator()<0>();
    case 1:
      return run.template operator()<1>();
    case 2:
      return run.template operator()<2>();
    case 3:
    case 4:
      return run.template operator()<4>();
    default:
      return run.template operator()<kLines>();
  }
}

void run(const Tile& tile) { tile.rows == 1 ? run_panels<1>(tile) : run_panels<kRows>(tile); }

// Two bytes of A times two weights reach 255 times the sum of those above 0, or of those below. Weights are
// from -64 to 64.
FRUGAL_AVX2 int8_t summable_groups(const int8_t* w) {
  const __m256i zero = _mm256_setzero_si256(), ones = _mm256_set1_epi8(1);
  __m256i two = zero, four = zero;  // the largest sums of pairs of so many groups
  for (int v = 0; v < kVectors; ++v) {
    __m256i above[kGroups], below[kGroups];
#pragma GCC unroll 4
    for (int g = 0; g < kGroups; ++g) {
      const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w) + g * kVectors + v);
      above[g] = _mm256_maddubs_epi16(_mm256_max_epi8(x, zero), ones);
      below[g] = _mm256_maddubs_epi16(_mm256_max_epi8(_mm256_sub_epi8(zero, x), zero), ones);
    }
#pragma GCC unroll 2
    for (const auto& pairs : {above, below}) {
      const __m256i first = _mm256_add_epi16(pairs[0], pairs[1]);
      const __m256i second = _mm256_add_epi16(pairs[2], pairs[3]);
      two = _mm256_max_epi16(two, _mm256_max_epi16(first, second));
      four = _mm256_max_epi16(four, _mm256_add_epi16(first, second));
    }
  }
  const __m256i most = _mm256_set1_epi16(32767 / 255);
  if (_mm256_movemask_epi8(_mm256_cmpgt_epi16(four, most)) == 0) return 4;
  return _mm256_movemask_epi8(_mm256_cmpgt_epi16(two, most)) == 0 ? 2 : 1;
}

}  // namespace

Kernel s8_avx2_kernel() {
  const auto nothing = [] {};
  return {.rows = kRows,
          .row_unit = 1,
          .cols = kCols,
          .k_unit = kStretch,
          .group = kGroup,
          .step = kStretch,
          .element = 1,
          .chunk = 1024,
          .stretch = kStretch,
          .far = 2,
          .together = 1,
          .summable = summable_groups,
          .run = run,
          .enter = nothing,
          .leave = nothing};
}

}  // namespace frugal::gemm_internal
#endif

// 8-bit products on AVX2: vpmaddubsw, then vpmaddwd with ones at once. 2 * 255 * 64 fits 16 bits: nothing
// saturates.
#if defined(__x86_64__)
#include <immintrin.h>

#include <cstring>

#include "frugal/ops/gemm/x86.h"

namespace frugal::gemm_internal {
namespace {

#define FRUGAL_AVX2 __attribute__((target("avx2,fma")))

constexpr int64_t kCols = 16, kGroup = 4;

template <int kRows>
FRUGAL_AVX2 void run_rows(const Tile& tile, int64_t panel) {
  const auto* a = static_cast<const std::byte*>(tile.a);
  const auto* b = static_cast<const __m256i*>(tile.b) + panel * (tile.b_bytes / 32);
  auto* acc = static_cast<__m256i*>(tile.acc) + panel * (tile.acc_elements / 8);
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i c[kRows][2];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < 2; ++v) c[r][v] = tile.first ? _mm256_setzero_si256() : acc[r * 2 + v];
  for (int64_t k = 0; k < tile.k; k += kGroup, b += 2) {
    const __m256i low = b[0], high = b[1];
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      int32_t four;
      std::memcpy(&four, a + r * tile.a_bytes + k, sizeof four);
      const __m256i x = _mm256_set1_epi32(four);
      c[r][0] = _mm256_add_epi32(c[r][0], _mm256_madd_epi16(_mm256_maddubs_epi16(x, low), ones));
      c[r][1] = _mm256_add_epi32(c[r][1], _mm256_madd_epi16(_mm256_maddubs_epi16(x, high), ones));
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < 2; ++v) acc[r * 2 + v] = c[r][v];
}

template <int kRows>
void run_panels(const Tile& tile) {
  for (int64_t panel = 0; panel < tile.panels; ++panel) run_rows<kRows>(tile, panel);
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
          .k_unit = kGroup,
          .group = kGroup,
          .element = 1,
          .chunk = 1024,
          .together = 1,
          .run = run,
          .enter = nothing,
          .leave = nothing};
}

}  // namespace frugal::gemm_internal
#endif

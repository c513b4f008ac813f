#if defined(__x86_64__)
#include <immintrin.h>

#include "frugal/ops/gemm/gemm.h"
#include "frugal/ops/gemm/kernel.h"
#include "frugal/ops/gemm/peak_loops.h"

namespace frugal::gemm_internal {
namespace {

constexpr int kSums = 10;
constexpr int kWideSums = 20;  // of 32 registers; 5 cycles of latency on two ports need 10 at the least

// Four products of bytes summed in 16 bits before they widen, the most that the kernel does.
__attribute__((target("avx2"))) double spin_avx2(int64_t steps) {
  __m256i sums[kSums], x = _mm256_set1_epi8(3), y = _mm256_set1_epi8(5), ones = _mm256_set1_epi16(1);
  for (__m256i& sum : sums) sum = _mm256_setzero_si256();
  for (int64_t step = 0; step < steps; ++step) {
#pragma GCC unroll 10
    for (int i = 0; i < kSums; ++i) {
      __m256i pairs = _mm256_setzero_si256();
#pragma GCC unroll 4
      for (int product = 0; product < 4; ++product) {
        __asm__ volatile("" : "+x"(x), "+x"(y));  // or equal products would be computed once
        const __m256i one = _mm256_maddubs_epi16(x, y);
        pairs = product == 0 ? one : _mm256_add_epi16(pairs, one);
      }
      sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(pairs, ones));
    }
  }
  for (int i = 1; i < kSums; ++i) sums[0] = _mm256_add_epi32(sums[0], sums[i]);
  volatile int sink = _mm256_extract_epi32(sums[0], 0);
  (void)sink;
  return 4 * 64.0 * kSums * steps;
}

// Twice the lanes' bytes, or pairs, a step and sum.
template <bool kBytes>
__attribute__((target("avx512f,avx512bw,avx512vnni,avx512bf16"))) double spin_avx512(int64_t steps) {
  __m512i sums[kWideSums], x = _mm512_set1_epi32(0), y = _mm512_set1_epi32(0);
  for (__m512i& sum : sums) sum = _mm512_setzero_si512();
  for (int64_t step = 0; step < steps; ++step) {
#pragma GCC unroll 20
    for (int i = 0; i < kWideSums; ++i) {
      if constexpr (kBytes)
        sums[i] = _mm512_dpbusd_epi32(sums[i], x, y);
      else
        sums[i] =
            _mm512_castps_si512(_mm512_dpbf16_ps(_mm512_castsi512_ps(sums[i]), (__m512bh)x, (__m512bh)y));
    }
  }
  for (int i = 1; i < kWideSums; ++i) sums[0] = _mm512_add_epi32(sums[0], sums[i]);
  volatile int sink = _mm512_cvtsi512_si32(sums[0]);
  (void)sink;
  return (kBytes ? 128.0 : 64.0) * kWideSums * steps;
}

template <bool kBytes>
__attribute__((target("amx-tile,amx-bf16,amx-int8"))) double spin_amx(int64_t steps) {
  const Kernel kernel = kBytes ? s8_kernel(Isa::amx) : bf16_kernel(Isa::amx);
  kernel.enter();
  _tile_zero(6);
  _tile_zero(7);
  for (int64_t step = 0; step < steps; ++step) {
    if constexpr (kBytes) {
      _tile_dpbusd(0, 6, 7);
      _tile_dpbusd(1, 6, 7);
      _tile_dpbusd(2, 6, 7);
      _tile_dpbusd(3, 6, 7);
    } else {
      _tile_dpbf16ps(0, 6, 7);
      _tile_dpbf16ps(1, 6, 7);
      _tile_dpbf16ps(2, 6, 7);
      _tile_dpbf16ps(3, 6, 7);
    }
  }
  kernel.leave();
  return 4 * 2.0 * 16 * 16 * (kBytes ? 64 : 32) * steps;
}

}  // namespace

double spin_bf16(Isa isa, int64_t steps) {
  if (!has_bf16(isa)) return 0;
  return isa == Isa::amx ? spin_amx<false>(steps / 8) : spin_avx512<false>(steps);
}

double spin_s8(Isa isa, int64_t steps) {
  switch (isa) {
    case Isa::generic:
      return 0;
    case Isa::avx2:
      return spin_avx2(steps);
    case Isa::avx512:
    case Isa::avx512_fp16:
      return spin_avx512<true>(steps);
    case Isa::amx:
      return spin_amx<true>(steps / 8);
  }
  return 0;
}

}  // namespace frugal::gemm_internal
#endif

#if defined(__x86_64__)
#include <immintrin.h>

#include "frugal/ops/gemm/gemm.h"
#include "frugal/ops/gemm/kernel.h"
#include "frugal/ops/gemm/peak_loops.h"

namespace frugal::gemm_internal {
namespace {

constexpr int kWideSums = 20;  // of 32 registers; 5 cycles of latency on two ports need 10 at the least

#define FRUGAL_PEAK_INLINE __attribute__((target("avx2"), always_inline)) inline
FRUGAL_PEAK_INLINE void multiply(__m256i& to, __m256i x, __m256i y) {
  __asm__ volatile("vpmaddubsw %2, %1, %0" : "=x"(to) : "x"(x), "x"(y));
}
FRUGAL_PEAK_INLINE void add_16(__m256i& to, __m256i more) {
  __asm__ volatile("vpaddw %1, %0, %0" : "+x"(to) : "x"(more));
}

// Four products of bytes summed in 16 bits before they widen, the most that the kernel does. Written out,
// since order counts: what the last four have left to add goes between the next four products, which keeps
// additions off the multipliers' ports. Zen 3 takes 12 cycles for 20 multiplications and 16 additions then,
// 10 without the latter; one sum after another, as a compiler leaves them, takes 13.3.
__attribute__((target("avx2"))) double spin_avx2(int64_t steps) {
  constexpr int kHalves = 2, kAhead = 2;
  __m256i sums[kHalves * kAhead], p[kHalves][4];
  const __m256i x = _mm256_set1_epi8(3), y = _mm256_set1_epi8(5), ones = _mm256_set1_epi16(1);
  for (__m256i& sum : sums) sum = _mm256_setzero_si256();
  for (auto& half : p)
    for (__m256i& one : half) one = x;
  for (int64_t step = 0; step < steps; ++step)
#pragma GCC unroll 4
    for (int i = 0; i < kHalves * kAhead; ++i) {
      auto& now = p[i % kHalves];
      auto& last = p[(i + 1) % kHalves];
      multiply(now[0], x, y);
      add_16(last[0], last[1]);
      multiply(now[1], x, y);
      add_16(last[2], last[3]);
      multiply(now[2], x, y);
      add_16(last[0], last[2]);
      multiply(now[3], x, y);
      __asm__ volatile("vpmaddwd %1, %0, %0" : "+x"(last[0]) : "x"(ones));
      __asm__ volatile("vpaddd %1, %0, %0" : "+x"(sums[i]) : "x"(last[0]));
    }
  for (int i = 1; i < kHalves * kAhead; ++i) sums[0] = _mm256_add_epi32(sums[0], sums[i]);
  volatile int sink = _mm256_extract_epi32(sums[0], 0);
  (void)sink;
  return 4 * 64.0 * kHalves * kAhead * steps;
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

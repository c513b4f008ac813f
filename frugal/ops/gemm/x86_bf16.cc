// Rounding and transposing to bfloat16 with AVX512-BF16, at memory speed: a training step packs every weight
// twice. Denormals become zero, as in the products themselves.
#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12 warns inside its own intrinsics (PR 105593)
#endif
#include <immintrin.h>

#include <algorithm>

#include "frugal/ops/gemm/x86.h"
#include "frugal/ops/x86_transpose.h"

namespace frugal::gemm_internal {
namespace {

#define FRUGAL_BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))

constexpr int64_t kLanes = 16;

FRUGAL_BF16 inline __mmask16 first(int64_t count) {
  return static_cast<__mmask16>((1u << std::clamp<int64_t>(count, 0, kLanes)) - 1);
}

// 32 consecutive floats of a row as 16 pairs of bfloat16.
FRUGAL_BF16 inline __m512i pairs_along(const float* x, int64_t count) {
  const __m512 low = _mm512_maskz_loadu_ps(first(count), x);
  const __m512 high =
      count > kLanes ? _mm512_maskz_loadu_ps(first(count - kLanes), x + kLanes) : _mm512_setzero_ps();
  return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
}

// 16 columns of two rows as 16 pairs: the upper row in the low halves.
FRUGAL_BF16 inline __m512i pairs_down(const float* even, const float* odd, __mmask16 columns) {
  alignas(64) static constexpr uint16_t kInterleave[32] = {0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,
                                                           21, 6,  22, 7,  23, 8,  24, 9,  25, 10, 26,
                                                           11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const __m512 low = even ? _mm512_maskz_loadu_ps(columns, even) : _mm512_setzero_ps();
  const __m512 high = odd ? _mm512_maskz_loadu_ps(columns, odd) : _mm512_setzero_ps();
  const __m512i both = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
  return _mm512_permutexvar_epi16(_mm512_load_si512(kInterleave), both);
}

// B stored by columns (a weight [N,K]): k is contiguous.
FRUGAL_BF16 void pack_columns(const float* b, int64_t stride, int64_t k, int64_t padded, int64_t cols,
                              uint32_t* to, int64_t to_cols) {
  for (int64_t c = 0; c < to_cols; c += kLanes) {
    for (int64_t k0 = 0; k0 < padded; k0 += 2 * kLanes) {
      __m512i r[16];
      for (int64_t j = 0; j < kLanes; ++j)
        r[j] = c + j < cols ? pairs_along(b + (c + j) * stride + k0, k - k0) : _mm512_setzero_si512();
      transpose_16x16(r);
      const int64_t pairs = std::min(kLanes, (padded - k0) / 2);
      for (int64_t i = 0; i < pairs; ++i) _mm512_storeu_si512(to + (k0 / 2 + i) * to_cols + c, r[i]);
    }
  }
}

// B stored by rows: columns are contiguous.
FRUGAL_BF16 void pack_rows(const float* b, int64_t stride, int64_t k, int64_t padded, int64_t cols,
                           uint32_t* to, int64_t to_cols) {
  for (int64_t k0 = 0; k0 < padded; k0 += 2)
    for (int64_t c = 0; c < to_cols; c += kLanes) {
      const float* even = k0 < k ? b + k0 * stride + c : nullptr;
      const float* odd = k0 + 1 < k ? b + (k0 + 1) * stride + c : nullptr;
      _mm512_storeu_si512(to + k0 / 2 * to_cols + c, pairs_down(even, odd, first(cols - c)));
    }
}

}  // namespace

void pack_panel_bf16_x86(MatrixView b, int64_t k, int64_t padded, int64_t cols, void* to, int64_t to_cols) {
  auto* pairs = static_cast<uint32_t*>(to);
  if (b.row_stride == 1)
    pack_columns(b.data, b.col_stride, k, padded, cols, pairs, to_cols);
  else
    pack_rows(b.data, b.row_stride, k, padded, cols, pairs, to_cols);
}

// A[rows, k] whose rows are contiguous along `rows` (a gradient transposed): out as rows of k.
FRUGAL_BF16 void to_bf16_transposed(const float* from, int64_t stride, int64_t rows, int64_t k,
                                    int64_t padded, std::byte* to, int64_t to_stride) {
  for (int64_t i0 = 0; i0 < rows; i0 += kLanes) {
    const __mmask16 columns = first(rows - i0);
    for (int64_t k0 = 0; k0 < padded; k0 += 2 * kLanes) {
      __m512i r[16];
      for (int64_t p = 0; p < kLanes; ++p) {
        const int64_t at = k0 + 2 * p;
        const float* even = at < k ? from + at * stride + i0 : nullptr;
        const float* odd = at + 1 < k ? from + (at + 1) * stride + i0 : nullptr;
        r[p] = pairs_down(even, odd, columns);
      }
      transpose_16x16(r);
      const int64_t pairs = std::min(kLanes, (padded - k0) / 2);
      for (int64_t i = 0; i < std::min(kLanes, rows - i0); ++i)
        _mm512_mask_storeu_epi32(to + (i0 + i) * to_stride + k0 * 2, first(pairs), r[i]);
    }
  }
}

}  // namespace frugal::gemm_internal
#endif

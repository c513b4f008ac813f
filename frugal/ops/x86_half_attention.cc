// Attention in halves by AVX512-FP16: 32 multiply-adds an instruction where float has 16.
//
// A block of scores is laid out as in attention_strip-inl.h, key after key with the queries in the lanes, so
// that a softmax over keys is vertical arithmetic. Both products then have queries in the lanes and the
// elements of a key or value as the factor that all lanes share; these are kept twice in 32 bits, as only
// wider elements are broadcast by the load itself (a 16-bit broadcast takes one of the two ports that
// multiply).
//
// Sums of halves are kept short: a product with the values is added up in float every 32 keys, the
// probabilities every 8.
#include "frugal/ops/half_attention_kernels.h"
#if FRUGAL_HAS_HALVES
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12 warns inside its own intrinsics (PR 105593)
#endif
#include <immintrin.h>

#include <algorithm>

#include "frugal/base/checked.h"
#include "frugal/ops/x86_attention_tiles.h"
#include "frugal/ops/x86_transpose.h"

namespace frugal {
namespace {

#define FRUGAL_HALF __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512fp16")))
#define FRUGAL_HALF_INLINE \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512fp16"), always_inline)) inline

constexpr int64_t kLanes = 32, kRow = kHalfQueryBlock;  // halves from a key's scores to the next key's
constexpr int64_t kFewestKeys = 17;  // of 16, float's vectors are as well filled and need no conversion
constexpr int64_t kTerms = 32;       // of a product with the values, added up in halves

using Half = uint16_t;

// What one block of queries needs while keys pass by.
struct Queries {
  Half* columns;  // [width][kRow]
  float* out;     // [value_width][kRow]
};

struct Scratch {
  Scratch(std::byte* memory, int64_t width, int64_t value_width) {
    const auto take = [&]<class T>(T*& part, int64_t count) {
      if (memory) part = reinterpret_cast<T*>(memory + bytes);
      bytes += round_up(static_cast<size_t>(count) * sizeof(T), size_t{64});
    };
    for (Queries& q : queries) take(q.columns, width * kRow), take(q.out, value_width * kRow);
    take(keys, kKeyBlock * width);
    take(values, kKeyBlock * value_width);
    take(scores, kKeyBlock * kRow);
  }
  Queries queries[kHalfQueryBlocks];
  uint32_t *keys, *values;  // [kKeyBlock][width or value_width], each half twice
  Half* scores;             // [kKeyBlock][kRow]
  size_t bytes = 0;
};

FRUGAL_HALF_INLINE __m512h load(const Half* p) { return _mm512_load_ph(p); }
FRUGAL_HALF_INLINE __m512h spread(float x) { return _mm512_set1_ph(static_cast<_Float16>(x)); }
FRUGAL_HALF_INLINE __m512 low_floats(__m512h x) { return _mm512_cvtxph_ps(_mm512_castph512_ph256(x)); }
FRUGAL_HALF_INLINE __m512 high_floats(__m512h x) {
  return _mm512_cvtxph_ps(_mm256_castsi256_ph(_mm512_extracti64x4_epi64(_mm512_castph_si512(x), 1)));
}
FRUGAL_HALF_INLINE __mmask16 first_of(int64_t count) {
  return static_cast<__mmask16>(count >= 16 ? 0xFFFF : (1u << count) - 1);
}

// queries[d][i] = factor * x[i][d], 0 for the lanes from `count` on.
FRUGAL_HALF void load_queries(Strided<const float> x, int64_t count, int64_t width, float factor,
                              Half* queries) {
  const __m512 scale = _mm512_set1_ps(factor);
  for (int64_t i = 0; i < count; ++i) fetch_next(x.row(i), width);
  for (int64_t i = 0; i < round_up(count, kLanes); i += 16)
    for (int64_t d = 0; d < width; d += 16) {
      const __mmask16 mask = first_of(width - d);
      __m512i r[16];
#pragma GCC unroll 16
      for (int64_t e = 0; e < 16; ++e)
        r[e] = i + e < count
                   ? _mm512_castps_si512(_mm512_mul_ps(scale, _mm512_maskz_loadu_ps(mask, x.row(i + e) + d)))
                   : _mm512_setzero_si512();
      transpose_16x16(r);
      const int64_t columns = std::min<int64_t>(16, width - d);
      for (int64_t e = 0; e < columns; ++e)
        _mm256_store_ph(queries + (d + e) * kRow + i, _mm512_cvtxps_ph(_mm512_castsi512_ps(r[e])));
    }
}

// rows[j][d] = x[j][d] in both halves of 32 bits.
FRUGAL_HALF void load_rows(Strided<const float> x, int64_t count, int64_t width, uint32_t* rows) {
  for (int64_t j = 0; j < count; ++j) {
    fetch_next(x.row(j), width);
    for (int64_t d = 0; d < width; d += 16) {
      const __mmask16 mask = first_of(width - d);
      const __m256h half = _mm512_cvtxps_ph(_mm512_maskz_loadu_ps(mask, x.row(j) + d));
      const __m512i wide = _mm512_cvtepu16_epi32(_mm256_castph_si256(half));
      _mm512_mask_storeu_epi32(rows + j * width + d, mask,
                               _mm512_or_si512(wide, _mm512_slli_epi32(wide, 16)));
    }
  }
}

// sum[m][v] = sum over `terms` of a[m][term] b[term][v], where a's term is `a_term` further and its row
// `a_row`; b's rows are kRow apart.
template <int kRows, int kVectors>
FRUGAL_HALF_INLINE void multiply(const uint32_t* a, int64_t a_row, int64_t a_term, const Half* b,
                                 int64_t terms, __m512h (&sum)[kRows][kVectors]) {
#pragma GCC unroll 14
  for (int m = 0; m < kRows; ++m)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) sum[m][v] = _mm512_setzero_ph();
  for (int64_t k = 0; k < terms; ++k) {
    __m512h right[kVectors];
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) right[v] = load(b + v * kLanes);
#pragma GCC unroll 14
    for (int m = 0; m < kRows; ++m) {
      const __m512h left = _mm512_castsi512_ph(_mm512_set1_epi32(static_cast<int>(a[m * a_row])));
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) sum[m][v] = _mm512_fmadd_ph(left, right[v], sum[m][v]);
    }
    a += a_term;
    b += kRow;
  }
}

// Keys or values against a block of queries.
struct Block {
  const uint32_t* rows;
  int64_t width, keys;
  Queries queries;
  Half* scores;
  bool add;  // to out
};

struct Tiles {
  using Block = frugal::Block;
  // 12 x 2 sums; of one vector, 14 cover the latency of the multiply-add.
  template <int kVectors>
  static constexpr int kMostRows = kVectors == 2 ? 12 : 14;
  template <int kRows, int kVectors>
  FRUGAL_HALF static void scores(const Block& block, int64_t key) {
    __m512h sum[kRows][kVectors];
    multiply<kRows, kVectors>(block.rows + key * block.width, block.width, 1, block.queries.columns,
                              block.width, sum);
#pragma GCC unroll 14
    for (int m = 0; m < kRows; ++m)
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v)
        _mm512_store_ph(block.scores + (key + m) * kRow + v * kLanes, sum[m][v]);
  }

  template <int kRows, int kVectors>
  FRUGAL_HALF static void values(const Block& block, int64_t element) {
    for (int64_t key = 0; key < block.keys; key += kTerms) {
      __m512h sum[kRows][kVectors];
      multiply<kRows, kVectors>(block.rows + key * block.width + element, 1, block.width,
                                block.scores + key * kRow, std::min(kTerms, block.keys - key), sum);
      const bool add = block.add || key > 0;
#pragma GCC unroll 14
      for (int m = 0; m < kRows; ++m)
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) {
          float* out = block.queries.out + (element + m) * kRow + v * kLanes;
          __m512 low = low_floats(sum[m][v]), high = high_floats(sum[m][v]);
          if (add)
            low = _mm512_add_ps(low, _mm512_load_ps(out)),
            high = _mm512_add_ps(high, _mm512_load_ps(out + 16));
          _mm512_store_ps(out, low);
          _mm512_store_ps(out + 16, high);
        }
    }
  }
};

// 2^x for x <= 0: 2^floor(x) times a cubic in the rest. Its coefficients are the best of the halves around
// those of the minimax fit: 2.2e-4 off in the mean square and 5.7e-4 at most, where a half's last place is
// 4.9e-4 to 9.8e-4. 1 at 0.
FRUGAL_HALF_INLINE __m512h exp2(__m512h x) {
  const __m512h f = _mm512_reduce_ph(x, 0x01);  // x - floor(x); 0 for -infinity
  __m512h p = _mm512_fmadd_ph(spread(0.0780029f), f, spread(0.2259521f));
  p = _mm512_fmadd_ph(p, f, spread(0.6958008f));
  p = _mm512_fmadd_ph(p, f, spread(1.0f));
  return _mm512_scalef_ph(p, x);
}

// The running softmax of one vector of queries, in powers of two.
struct Running {
  __m512h max;
  __m512 low_sum, high_sum;
};

// Replaces the scores of one vector of queries by 2^(score - max); the result has a bit for each query with a
// score of -infinity, which can only have left the range. Anything else that did makes the sum a NaN.
FRUGAL_HALF __mmask32 exponentiate(Half* scores, int64_t keys, Running& running, __m512h& correction) {
  __m512h most[2] = {running.max, running.max}, least[2] = {running.max, running.max};
  int64_t j = 0;
  for (; j + 2 <= keys; j += 2)
#pragma GCC unroll 2
    for (int c = 0; c < 2; ++c) {
      const __m512h s = load(scores + (j + c) * kRow);
      most[c] = _mm512_max_ph(most[c], s);
      least[c] = _mm512_min_ph(least[c], s);
    }
  if (j < keys) {
    const __m512h s = load(scores + j * kRow);
    most[0] = _mm512_max_ph(most[0], s);
    least[0] = _mm512_min_ph(least[0], s);
  }
  const __m512h max = _mm512_max_ph(most[0], most[1]);
  correction = exp2(_mm512_sub_ph(running.max, max));
  running.max = max;
  __m512 low = _mm512_mul_ps(running.low_sum, low_floats(correction));
  __m512 high = _mm512_mul_ps(running.high_sum, high_floats(correction));
  for (j = 0; j < keys; j += 8) {
    __m512h sum = _mm512_setzero_ph();
    const auto take = [&](int64_t key) FRUGAL_HALF {
      const __m512h p = exp2(_mm512_sub_ph(load(scores + key * kRow), max));
      _mm512_store_ph(scores + key * kRow, p);
      return p;
    };
    if (j + 8 <= keys) {
      __m512h p[8];
#pragma GCC unroll 8
      for (int c = 0; c < 8; ++c) p[c] = take(j + c);
      sum = _mm512_add_ph(_mm512_add_ph(_mm512_add_ph(p[0], p[1]), _mm512_add_ph(p[2], p[3])),
                          _mm512_add_ph(_mm512_add_ph(p[4], p[5]), _mm512_add_ph(p[6], p[7])));
    } else {
      for (int64_t key = j; key < keys; ++key) sum = _mm512_add_ph(sum, take(key));
    }
    low = _mm512_add_ps(low, low_floats(sum));
    high = _mm512_add_ps(high, high_floats(sum));
  }
  running.low_sum = low;
  running.high_sum = high;
  constexpr int kMinusInfinity = 0x10;
  return _mm512_fpclass_ph_mask(_mm512_min_ph(least[0], least[1]), kMinusInfinity);
}

FRUGAL_HALF void scale_out(float* out, int64_t width, __m512 low, __m512 high) {
  for (int64_t d = 0; d < width; ++d, out += kRow) {
    _mm512_store_ps(out, _mm512_mul_ps(low, _mm512_load_ps(out)));
    _mm512_store_ps(out + 16, _mm512_mul_ps(high, _mm512_load_ps(out + 16)));
  }
}

// to[i][d] = out[d][i] / sum[i] for 16 queries; the result has a bit for each one that is not finite.
FRUGAL_HALF __mmask16 store_out(const float* out, int64_t count, int64_t width, __m512 sum,
                                Strided<float> to) {
  const __m512 factor = _mm512_div_ps(_mm512_set1_ps(1), sum);
  __mmask16 broken = 0;
  for (int64_t d = 0; d < width; d += 16) {
    const int64_t columns = std::min<int64_t>(16, width - d);
    __m512i r[16];
#pragma GCC unroll 16
    for (int64_t e = 0; e < 16; ++e) {
      const __m512 x =
          e < columns ? _mm512_mul_ps(factor, _mm512_load_ps(out + (d + e) * kRow)) : _mm512_setzero_ps();
      constexpr int kNanOrInfinity = 0x99;
      broken |= _mm512_fpclass_ps_mask(x, kNanOrInfinity);
      r[e] = _mm512_castps_si512(x);
    }
    transpose_16x16(r);
    for (int64_t i = 0; i < std::min<int64_t>(16, count); ++i)
      _mm512_mask_storeu_ps(to.row(i) + d, first_of(columns), _mm512_castsi512_ps(r[i]));
  }
  return broken;
}

size_t scratch_bytes(int64_t width, int64_t value_width) {
  return Scratch(nullptr, width, value_width).bytes;
}

FRUGAL_HALF OutOfRange attend(const AttentionHead& head, int64_t first, int64_t count, Strided<float> all_out,
                              std::byte* memory) {
  const Scratch scratch(memory, head.width, head.value_width);
  const Strided<float> out{all_out.row(first), all_out.stride};
  const int64_t blocks = ceil_div(count, kRow);
  const auto queries_of = [&](int64_t b) { return std::min(kRow, count - b * kRow); };
  constexpr float kLog2E = 1.44269504f;
  Running running[kHalfQueryBlocks][2];
  OutOfRange broken{};
  for (int64_t b = 0; b < blocks; ++b) {
    load_queries({head.q.row(first + b * kRow), head.q.stride}, queries_of(b), head.width,
                 head.scale * kLog2E, scratch.queries[b].columns);
    for (Running& r : running[b]) r = {spread(-65504.0f), _mm512_setzero_ps(), _mm512_setzero_ps()};
  }
  for (int64_t key = 0; key < head.keys; key += kKeyBlock) {
    const int64_t keys = std::min(kKeyBlock, head.keys - key);
    load_rows({head.k.row(key), head.k.stride}, keys, head.width, scratch.keys);
    load_rows({head.v.row(key), head.v.stride}, keys, head.value_width, scratch.values);
    for (int64_t b = 0; b < blocks; ++b) {
      const int64_t vectors = ceil_div(queries_of(b), kLanes);
      Block block{scratch.keys, head.width, keys, scratch.queries[b], scratch.scores, key > 0};
      run_half_product<Tiles, HalfProduct::scores>(block, vectors, keys);
      for (int64_t v = 0; v < vectors; ++v) {
        __m512h correction;
        const uint64_t left = exponentiate(scratch.scores + v * kLanes, keys, running[b][v], correction);
        broken[b] |= left << (v * kLanes);
        if (key > 0)
          scale_out(block.queries.out + v * kLanes, head.value_width, low_floats(correction),
                    high_floats(correction));
      }
      block.rows = scratch.values;
      block.width = head.value_width;
      run_half_product<Tiles, HalfProduct::values>(block, vectors, head.value_width);
    }
  }
  for (int64_t b = 0; b < blocks; ++b) {
    for (int64_t i = 0; i < queries_of(b); i += 16) {
      const Running& r = running[b][i / kLanes];
      const uint64_t left =
          store_out(scratch.queries[b].out + i, queries_of(b) - i, head.value_width,
                    i % kLanes == 0 ? r.low_sum : r.high_sum, {out.row(b * kRow + i), out.stride});
      broken[b] |= left << i;
    }
    if (queries_of(b) < kRow) broken[b] &= (uint64_t{1} << queries_of(b)) - 1;
  }
  return broken;
}

}  // namespace

const HalfKernel fp16_kernel{kFewestKeys, scratch_bytes, attend};

}  // namespace frugal
#endif

// Attention in 16-bit integers by AVX2: 16 multiply-adds an instruction where float has 8.
//
// Scores lie key after key with the queries in the lanes, as in attention_strip-inl.h, so that a softmax over
// keys is vertical arithmetic. vpmaddwd multiplies pairs and adds the two products in 32 bits: both products
// go along pairs, of elements for the scores and of keys for the values.
//
// All is fixed point. A head's keys become integers of up to 4095, a query's elements (times scale and log2
// e) of up to 8191, fewer where rows are wider than 32, so that a score is one of 31 bits; what it is a
// multiple of is a power of two, each query's own. Its distance from the query's greatest score, as a
// multiple of 2^-11, fits in 16 bits; its power of two is one of up to 8192, and a head's values are integers
// of up to 4095: sums of 64 such products fit in 32 bits, and are then added up in float.
#include "frugal/ops/half_attention_kernels.h"
#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>
#include <cmath>

#include "frugal/base/checked.h"
#include "frugal/ops/x86_attention_tiles.h"
#include "frugal/ops/x86_transpose.h"

namespace frugal {
namespace {

#define FRUGAL_SHORT __attribute__((target("avx2,fma")))
#define FRUGAL_SHORT_INLINE __attribute__((target("avx2,fma"), always_inline)) inline

constexpr int64_t kLanes = 8, kGroup = 16;  // queries in a vector, and side by side in scores
constexpr int64_t kGroups = kHalfQueryBlocks * kHalfQueryBlock / kGroup;
constexpr int64_t kTerms = 32;  // pairs of keys of a product with the values that are added up in integers
constexpr int64_t kFewestKeys = 33;
constexpr float kMostOfRows = 4095;
constexpr int16_t kCubic[] = {16384, 11389, 3735, 1255};  // the best of the integers around the best fit
constexpr int kFraction = 11;                             // bits of a distance from the greatest score
constexpr int32_t kLowest = -(1 << 30);                   // no score is less
// A score's error, from rounding the keys, is 0.3 sqrt(width) largest |q| / 2^kLeastShift at the most, when
// all elements of a query are as large as its largest: 0.9 % of a probability, 0.1 % as queries come.
constexpr int kLeastShift = 20, kMostShift = kFraction + 31;
// The largest value by their mean size: more leave too few bits to the rest.
constexpr float kMostOutlying = 32;

struct Scratch {
  Scratch(std::byte* memory, int64_t width, int64_t value_width)
      : pairs(ceil_div(width, int64_t{2})),
        key_stride(round_up(pairs, kLanes) + 2),
        value_stride(round_up(value_width, kLanes)) {
    const auto take = [&]<class T>(T*& part, int64_t count) {
      if (memory) part = reinterpret_cast<T*>(memory + bytes);
      bytes += round_up(static_cast<size_t>(count) * sizeof(T), size_t{64});
    };
    take(queries, kGroups * pairs * kGroup);
    take(out, kGroups * value_width * kGroup);
    take(keys, kKeyBlock * key_stride);
    take(values, kKeyBlock / 2 * value_stride);
    take(scores, kKeyBlock * kGroup);
    take(columns, round_up(width, kLanes) * kLanes);
  }
  int64_t pairs;       // of elements of a query or key
  int64_t key_stride;  // whole vectors, and more: else keys would all be broadcast from one bank of the cache
  int64_t value_stride;      // whole vectors
  int32_t *queries, *keys;   // [kGroups][pairs][kGroup]; [kKeyBlock][key_stride]: pairs of elements
  int32_t *values, *scores;  // [kKeyBlock / 2][value_stride]: pairs of keys; [kKeyBlock][kGroup]
  float* columns;            // of a vector of queries: [width, whole vectors][kLanes]
  float* out;                // [kGroups][value_width][kGroup]
  size_t bytes = 0;
};

// In this order: the compiler would broadcast all factors first, and then lacks registers for the sums.
FRUGAL_SHORT_INLINE __m256i spread(const int32_t& x) {
  __m256i all;
  __asm__ volatile("vpbroadcastd %1, %0" : "=x"(all) : "m"(x));
  return all;
}
FRUGAL_SHORT_INLINE void add_product(__m256i& sum, __m256i a, __m256i b) {
  __m256i product;
  __asm__("vpmaddwd %2, %1, %0" : "=x"(product) : "x"(a), "x"(b));
  __asm__("vpaddd %1, %0, %0" : "+x"(sum) : "x"(product));
}
FRUGAL_SHORT_INLINE __m256i load(const int32_t* p) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(p));
}
FRUGAL_SHORT_INLINE __m256i all_16(int16_t x) { return _mm256_set1_epi16(x); }
FRUGAL_SHORT_INLINE void store(int32_t* p, __m256i x) {
  _mm256_store_si256(reinterpret_cast<__m256i*>(p), x);
}
FRUGAL_SHORT_INLINE __m256i first_of(int64_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(std::min(count, kLanes))),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
FRUGAL_SHORT_INLINE __m256 magnitude(__m256 x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }

// The first `count` elements, 0 beyond.
FRUGAL_SHORT_INLINE __m256 load_first(const float* p, int64_t count) {
  return count >= kLanes ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, first_of(count));
}
// Of |x| over rows and columns.
struct Size {
  float largest, sum;  // the sum is NaN or infinite where an element is
};
FRUGAL_SHORT_INLINE void take(__m256 x, __m256& largest, __m256& sum) {
  const __m256 m = magnitude(x);
  largest = _mm256_max_ps(largest, m);
  sum = _mm256_add_ps(sum, m);
}
FRUGAL_SHORT Size size_of(Strided<const float> x, int64_t rows, int64_t width) {
  __m256 largest = _mm256_setzero_ps(), largest2 = largest, sum = largest, sum2 = largest;
  const int64_t rest = width % kLanes, whole = width - rest;
  const __m256i mask = first_of(rest);
  for (int64_t r = 0; r < rows; ++r) {
    const float* row = x.row(r);
    fetch_next(row, width);
    int64_t d = 0;
    for (; d + 2 * kLanes <= whole; d += 2 * kLanes) {  // two chains each: one would wait for itself
      take(_mm256_loadu_ps(row + d), largest, sum);
      take(_mm256_loadu_ps(row + d + kLanes), largest2, sum2);
    }
    if (d < whole) take(_mm256_loadu_ps(row + d), largest, sum);
    if (rest > 0) take(_mm256_maskload_ps(row + whole, mask), largest2, sum2);
  }
  alignas(32) float l[kLanes], s[kLanes];
  _mm256_store_ps(l, _mm256_max_ps(largest, largest2));
  _mm256_store_ps(s, _mm256_add_ps(sum, sum2));
  Size all{0, 0};
  for (int64_t i = 0; i < kLanes; ++i) all.largest = std::max(all.largest, l[i]), all.sum += s[i];
  return all;
}
// The factor that makes integers of rows whose largest element this is.
float factor_of(float largest) { return largest > 1e-30f ? kMostOfRows / largest : 1; }

// Eight elements of a row times factor, rounded; 0 beyond `count`.
FRUGAL_SHORT_INLINE __m256i round_8(const float* row, int64_t count, __m256 factor) {
  return _mm256_cvtps_epi32(_mm256_mul_ps(load_first(row, count), factor));
}
// Sixteen, in 16 bits.
FRUGAL_SHORT_INLINE __m256i round_16(const float* row, int64_t count, __m256 factor) {
  const __m256i low = round_8(row, count, factor);
  const __m256i high =
      count > kLanes ? round_8(row + kLanes, count - kLanes, factor) : _mm256_setzero_si256();
  return _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xD8);
}
FRUGAL_SHORT_INLINE void store_any(int32_t* to, __m256i x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), x);
}

// to[j][p] = elements 2p and 2p + 1 of row j.
FRUGAL_SHORT void load_keys(Strided<const float> x, int64_t keys, int64_t width, float factor,
                            const Scratch& scratch) {
  const __m256 scale = _mm256_set1_ps(factor);
  for (int64_t j = 0; j < keys; ++j)
    for (int64_t d = 0; d < width; d += 16)
      store_any(scratch.keys + j * scratch.key_stride + d / 2, round_16(x.row(j) + d, width - d, scale));
}

// to[j][d] = element d of rows 2j and 2j + 1; of a last row alone, 0 beside it.
FRUGAL_SHORT void load_values(Strided<const float> x, int64_t keys, int64_t width, float factor,
                              const Scratch& scratch) {
  const __m256 scale = _mm256_set1_ps(factor);
  int32_t* to = scratch.values;
  for (int64_t j = 0; j < keys; j += 2, to += scratch.value_stride)
    for (int64_t d = 0; d < width; d += 16) {
      const __m256i a = round_16(x.row(j) + d, width - d, scale);
      const __m256i b = j + 1 < keys ? round_16(x.row(j + 1) + d, width - d, scale) : _mm256_setzero_si256();
      const __m256i low = _mm256_unpacklo_epi16(a, b), high = _mm256_unpackhi_epi16(a, b);
      store(to + d, _mm256_permute2x128_si256(low, high, 0x20));
      if (width - d > kLanes) store(to + d + kLanes, _mm256_permute2x128_si256(low, high, 0x31));
    }
}

// The running softmax of a group of queries, and what their scores are multiples of.
struct Running {
  alignas(32) int32_t max[kGroup];
  alignas(32) int32_t shift[kGroup];  // a score is an integer times 2^-shift
  alignas(32) float sum[kGroup];
};

// to[p][i] = elements 2p and 2p + 1 of query i of up to kLanes, in integers. The result has a bit for each
// query that integers of this size cannot hold; its lane holds rubbish, as do those from `count` on.
FRUGAL_SHORT uint64_t load_queries(Strided<const float> x, int64_t count, int64_t width, float scale,
                                   float key_factor, float* columns, Running& running, int64_t at,
                                   int32_t* to) {
  constexpr int64_t kMostOfScores = int64_t{1} << 30;
  const auto most = static_cast<float>(
      std::min<int64_t>(8191, kMostOfScores / (static_cast<int64_t>(kMostOfRows) + 1) / width));
  __m256 largest = _mm256_setzero_ps(), sum = _mm256_setzero_ps();
  for (int64_t i = 0; i < count; ++i) fetch_next(x.row(i), width);
  for (int64_t d = 0; d < width; d += kLanes) {
    __m256i r[8];
#pragma GCC unroll 8
    for (int64_t i = 0; i < kLanes; ++i)
      r[i] = _mm256_castps_si256(load_first(x.row(std::min(i, count - 1)) + d, width - d));
    transpose_8x8(r);
#pragma GCC unroll 8
    for (int64_t e = 0; e < kLanes; ++e) {  // beyond the width, zeros
      const __m256 column = _mm256_castsi256_ps(r[e]);
      largest = _mm256_max_ps(largest, magnitude(column));
      sum = _mm256_add_ps(sum, magnitude(column));
      _mm256_store_ps(columns + (d + e) * kLanes, column);
    }
  }
  // The power of two that brings the largest below `most`; of zeros, the exponent is infinity's.
  const __m256 unit = _mm256_set1_ps(scale / key_factor);
  const __m256 room = _mm256_div_ps(_mm256_set1_ps(most), _mm256_mul_ps(largest, magnitude(unit)));
  const __m256i bias = _mm256_set1_epi32(127);
  __m256i shift = _mm256_sub_epi32(_mm256_srli_epi32(_mm256_castps_si256(room), 23), bias);
  shift = _mm256_min_epi32(shift, _mm256_set1_epi32(kMostShift));
  const __m256 finite = _mm256_cmp_ps(sum, _mm256_set1_ps(INFINITY), _CMP_LT_OQ);
  const __m256i fits = _mm256_and_si256(_mm256_castps_si256(finite),
                                        _mm256_cmpgt_epi32(shift, _mm256_set1_epi32(kLeastShift - 1)));
  shift = _mm256_blendv_epi8(_mm256_set1_epi32(kMostShift), shift, fits);
  store(running.shift + at, shift);
  store(running.max + at, _mm256_set1_epi32(kLowest));
  _mm256_store_ps(running.sum + at, _mm256_setzero_ps());
  const __m256 factor =
      _mm256_mul_ps(unit, _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(shift, bias), 23)));
  for (int64_t d = 0; d < width; d += 2, to += kGroup) {
    const __m256i even = round_8(columns + d * kLanes, kLanes, factor);
    const __m256i odd = round_8(columns + (d + 1) * kLanes, kLanes, factor);
    store(to, _mm256_blend_epi16(even, _mm256_slli_epi32(odd, 16), 0xAA));
  }
  const auto broken = ~static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(fits)));
  return broken & ((1u << std::min(count, kLanes)) - 1);
}

// sum[m][v] = sum over `terms` of the products of the pairs a[m][term] and b[term][v], where a's term is
// `a_term` further and its row `a_row`; b's rows are kGroup apart.
template <int kRows, int kVectors>
FRUGAL_SHORT_INLINE void multiply(const int32_t* a, int64_t a_row, int64_t a_term, const int32_t* b,
                                  int64_t terms, __m256i (&sum)[kRows][kVectors]) {
#pragma GCC unroll 6
  for (int m = 0; m < kRows; ++m)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) sum[m][v] = _mm256_setzero_si256();
  for (int64_t k = 0; k < terms; ++k) {
    __m256i right[kVectors];
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) right[v] = load(b + v * kLanes);
#pragma GCC unroll 6
    for (int m = 0; m < kRows; ++m) {
      const __m256i left = spread(a[m * a_row]);
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) add_product(sum[m][v], left, right[v]);
    }
    a += a_term;
    b += kGroup;
  }
}

// Keys or values against a group of queries.
struct Block {
  const Scratch& scratch;
  int64_t keys, value_width;
  const int32_t* queries;
  float* out;
  bool add;  // to out
};

// A function of its own, not a loop's body: there, GCC 12 keeps the sums in memory.
template <int kRows, int kVectors>
FRUGAL_SHORT __attribute__((noinline)) void value_part(const Block& block, int64_t element, int64_t pair,
                                                       int64_t pairs) {
  const int64_t stride = block.scratch.value_stride;
  __m256i sum[kRows][kVectors];
  multiply<kRows, kVectors>(block.scratch.values + pair * stride + element, 1, stride,
                            block.scratch.scores + pair * kGroup, pairs, sum);
  const bool add = block.add || pair > 0;
#pragma GCC unroll 6
  for (int m = 0; m < kRows; ++m)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      float* out = block.out + (element + m) * kGroup + v * kLanes;
      const __m256 x = _mm256_cvtepi32_ps(sum[m][v]);
      _mm256_store_ps(out, add ? _mm256_add_ps(x, _mm256_load_ps(out)) : x);
    }
}

struct Tiles {
  using Block = frugal::Block;
  // 6 x 2 sums.
  template <int>
  static constexpr int kMostRows = 6;
  template <int kRows, int kVectors>
  FRUGAL_SHORT static void scores(const Block& block, int64_t key) {
    const Scratch& s = block.scratch;
    __m256i sum[kRows][kVectors];
    multiply<kRows, kVectors>(s.keys + key * s.key_stride, s.key_stride, 1, block.queries, s.pairs, sum);
#pragma GCC unroll 6
    for (int m = 0; m < kRows; ++m)
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) store(s.scores + (key + m) * kGroup + v * kLanes, sum[m][v]);
  }

  template <int kRows, int kVectors>
  FRUGAL_SHORT static void values(const Block& block, int64_t element) {
    const int64_t pairs = ceil_div(block.keys, int64_t{2});
    for (int64_t pair = 0; pair < pairs; pair += kTerms)
      value_part<kRows, kVectors>(block, element, pair, std::min(kTerms, pairs - pair));
  }
};

// 2^x for 0 >= x > -126, to 3e-6.
FRUGAL_SHORT_INLINE __m256 exp2(__m256 x) {
  x = _mm256_max_ps(x, _mm256_set1_ps(-126));
  const __m256 whole = _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m256 f = _mm256_sub_ps(x, whole);
  __m256 p = _mm256_set1_ps(1.3333558e-3f);  // powers of ln 2 by factorials
  for (const float c : {9.6181291e-3f, 5.5504109e-2f, 0.24022651f, 0.69314718f, 1.0f})
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(c));
  const __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(whole), 23);
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), exponent));
}

// 8192 * 2^(x / 2048) for 16 x from -15 * 2048 to 0: a cubic in the fraction (5.7e-5 off in the mean
// square, 1.7e-4 at most; 1 at 0), in fixed point of 14 bits, times a power of two.
FRUGAL_SHORT_INLINE __m256i powers(__m256i x) {
  // 2^(14 - n) by its low and high bytes, n the whole part's size: 0, 15, 14 .. 1 as the whole part's low
  // four bits count up.
  const __m256i low =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 0, 1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0));
  const __m256i high =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32));
  const __m256i whole = _mm256_and_si256(_mm256_srai_epi16(x, kFraction), all_16(15));
  const __m256i scale = _mm256_or_si256(_mm256_shuffle_epi8(low, whole),
                                        _mm256_slli_epi16(_mm256_shuffle_epi8(high, whole), 8));
  const __m256i f = _mm256_slli_epi16(_mm256_and_si256(x, all_16((1 << kFraction) - 1)), 15 - kFraction);
  __m256i p = _mm256_add_epi16(_mm256_mulhrs_epi16(f, all_16(kCubic[3])), all_16(kCubic[2]));
  p = _mm256_add_epi16(_mm256_mulhrs_epi16(f, p), all_16(kCubic[1]));
  p = _mm256_add_epi16(_mm256_mulhrs_epi16(f, p), all_16(kCubic[0]));
  return _mm256_mulhrs_epi16(p, scale);
}

// Replaces the scores of one vector of queries by pairs of powers(score - max), two keys' after the other's.
FRUGAL_SHORT __m256 exponentiate(int32_t* scores, int64_t keys, Running& running, int64_t at) {
  const __m256i old = load(running.max + at), shift = load(running.shift + at);
  __m256i most[4] = {old, old, old, old};
  if (keys % 2 == 1) store(scores + keys * kGroup, _mm256_set1_epi32(kLowest));
  int64_t j = 0;
  for (; j + 4 <= keys; j += 4)
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) most[c] = _mm256_max_epi32(most[c], load(scores + (j + c) * kGroup));
  for (; j < keys; ++j) most[0] = _mm256_max_epi32(most[0], load(scores + j * kGroup));
  const __m256i max =
      _mm256_max_epi32(_mm256_max_epi32(most[0], most[1]), _mm256_max_epi32(most[2], most[3]));
  store(running.max + at, max);
  const __m256i lowest = _mm256_set1_epi16(-15 * (1 << kFraction)), ones = _mm256_set1_epi16(1);
  const __m256i down = _mm256_sub_epi32(shift, _mm256_set1_epi32(kFraction));
  const __m256i interleave =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15));
  __m256i sum = _mm256_setzero_si256();
  for (j = 0; j < keys; j += 2) {
    const __m256i a = _mm256_sub_epi32(load(scores + j * kGroup), max);
    const __m256i b = _mm256_sub_epi32(load(scores + (j + 1) * kGroup), max);
    const __m256i x =
        _mm256_max_epi16(_mm256_packs_epi32(_mm256_srav_epi32(a, down), _mm256_srav_epi32(b, down)), lowest);
    const __m256i p = _mm256_shuffle_epi8(powers(x), interleave);
    store(scores + j / 2 * kGroup, p);
    add_product(sum, p, ones);
  }
  const __m256 unit = _mm256_castsi256_ps(  // 2^-shift
      _mm256_slli_epi32(_mm256_sub_epi32(_mm256_set1_epi32(127), shift), 23));
  const __m256 correction = exp2(_mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(old, max)), unit));
  _mm256_store_ps(running.sum + at,
                  _mm256_fmadd_ps(correction, _mm256_load_ps(running.sum + at), _mm256_cvtepi32_ps(sum)));
  return correction;
}

FRUGAL_SHORT void scale_out(float* out, int64_t width, __m256 factor) {
  for (int64_t d = 0; d < width; ++d, out += kGroup)
    _mm256_store_ps(out, _mm256_mul_ps(factor, _mm256_load_ps(out)));
}

// to[i][d] = factor * out[d][i] / sum[i] for one vector of queries. The last elements are stored once more
// with those before them: a masked store takes as long as ten others.
FRUGAL_SHORT void store_out(const float* out, int64_t count, int64_t width, const float* sum, float factor,
                            Strided<float> to) {
  const __m256 each = _mm256_div_ps(_mm256_set1_ps(factor), _mm256_load_ps(sum));
  for (int64_t at = 0; at < width; at += kLanes) {
    const int64_t d = std::max<int64_t>(0, std::min(at, width - kLanes));
    __m256i r[8];
#pragma GCC unroll 8
    for (int64_t e = 0; e < kLanes; ++e)
      r[e] = d + e < width ? _mm256_castps_si256(_mm256_mul_ps(each, _mm256_load_ps(out + (d + e) * kGroup)))
                           : _mm256_setzero_si256();
    transpose_8x8(r);
    for (int64_t i = 0; i < std::min(kLanes, count); ++i) {
      auto* row = reinterpret_cast<int32_t*>(to.row(i) + d);
      width < kLanes ? _mm256_maskstore_epi32(row, first_of(width), r[i]) : store_any(row, r[i]);
    }
  }
}

size_t scratch_bytes(int64_t width, int64_t value_width) {
  return Scratch(nullptr, width, value_width).bytes;
}

FRUGAL_SHORT OutOfRange attend(const AttentionHead& head, int64_t first, int64_t count, Strided<float> out,
                               std::byte* memory) {
  const Scratch scratch(memory, head.width, head.value_width);
  const Size key_size = size_of(head.k, head.keys, head.width);
  const Size value_size = size_of(head.v, head.keys, head.value_width);
  const float mean = value_size.sum / static_cast<float>(head.keys * head.value_width);
  OutOfRange broken{};
  if (!std::isfinite(key_size.sum) || !(value_size.largest <= kMostOutlying * mean)) {
    for (int64_t i = 0; i < count; ++i) broken[i / kHalfQueryBlock] |= uint64_t{1} << (i % kHalfQueryBlock);
    return broken;
  }
  const float key_factor = factor_of(key_size.largest), value_factor = factor_of(value_size.largest);
  constexpr float kLog2E = 1.44269504f;
  Running running[kGroups];
  const int64_t groups = ceil_div(count, kGroup);
  const auto queries_of = [&](int64_t g) { return std::min(kGroup, count - g * kGroup); };
  for (int64_t i = 0; i < count; i += kLanes)
    broken[i / kHalfQueryBlock] |=
        load_queries({head.q.row(first + i), head.q.stride}, std::min(kLanes, count - i), head.width,
                     head.scale * kLog2E, key_factor, scratch.columns, running[i / kGroup], i % kGroup,
                     scratch.queries + i / kGroup * scratch.pairs * kGroup + i % kGroup)
        << (i % kHalfQueryBlock);
  for (int64_t key = 0; key < head.keys; key += kKeyBlock) {
    const int64_t keys = std::min(kKeyBlock, head.keys - key);
    load_keys({head.k.row(key), head.k.stride}, keys, head.width, key_factor, scratch);
    load_values({head.v.row(key), head.v.stride}, keys, head.value_width, value_factor, scratch);
    for (int64_t g = 0; g < groups; ++g) {
      const int64_t vectors = ceil_div(queries_of(g), kLanes);
      float* const sums = scratch.out + g * head.value_width * kGroup;
      const Block block{scratch, keys,   head.value_width, scratch.queries + g * scratch.pairs * kGroup,
                        sums,    key > 0};
      run_half_product<Tiles, HalfProduct::scores>(block, vectors, keys);
      for (int64_t i = 0; i < vectors * kLanes; i += kLanes) {
        const __m256 correction = exponentiate(scratch.scores + i, keys, running[g], i);
        if (key > 0) scale_out(sums + i, head.value_width, correction);
      }
      run_half_product<Tiles, HalfProduct::values>(block, vectors, head.value_width);
    }
  }
  for (int64_t i = 0; i < count; i += kLanes)
    store_out(scratch.out + i / kGroup * head.value_width * kGroup + i % kGroup, count - i, head.value_width,
              running[i / kGroup].sum + i % kGroup, 1 / value_factor, {out.row(first + i), out.stride});
  return broken;
}

}  // namespace

const HalfKernel short_kernel{kFewestKeys, scratch_bytes, attend};

}  // namespace frugal
#endif

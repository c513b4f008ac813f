// One query against the rows of a cache. All is bound by reading the rows, each once for all heads that share
// it: 4 keys' dot products at a time, vectors along a key's width, then the softmax along the keys of a
// block, then the values, vectors along their width.
#include <algorithm>
#include <limits>
#include <type_traits>

#include "frugal/ops/cached_attention_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frugal/ops/cached_attention_cpu.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "frugal/ops/math-inl.h"
#include "frugal/ops/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {
namespace {

constexpr int64_t kLanes = hn::MaxLanes(FloatTag());

// store_sums: out[0..3] = the sums of the lanes of a, b, c and e. First within blocks of 4 lanes, for the
// four together, then over the blocks.
#if HWY_TARGET == HWY_SCALAR
HWY_INLINE void store_sums(Floats a, Floats b, Floats c, Floats e, float* out) {
  out[0] = hn::GetLane(a), out[1] = hn::GetLane(b), out[2] = hn::GetLane(c), out[3] = hn::GetLane(e);
}
#else
template <class D, class V>
HWY_INLINE void store_sum_of_blocks(D d, V v, float* out) {
  if constexpr (hn::MaxLanes(D()) > 4) {
    const hn::Half<D> half;
    store_sum_of_blocks(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)), out);
  } else {
    hn::StoreU(v, d, out);
  }
}

HWY_INLINE void store_sums(Floats a, Floats b, Floats c, Floats e, float* out) {
  const FloatTag d;
  const hn::RepartitionToWide<FloatTag> wide;
  const auto pairs = [=](Floats x, Floats y) FRUGAL_LAMBDA {
    return hn::BitCast(wide, hn::Add(hn::InterleaveLower(d, x, y), hn::InterleaveUpper(d, x, y)));
  };
  const auto ab = pairs(a, b), ce = pairs(c, e);
  store_sum_of_blocks(d,
                      hn::Add(hn::BitCast(d, hn::InterleaveLower(wide, ab, ce)),
                              hn::BitCast(d, hn::InterleaveUpper(wide, ab, ce))),
                      out);
}
#endif

// scores[j] = q . (row j of k) for 4 rows.
HWY_INLINE void dot_rows(const float* q, const float* const (&row)[4], int64_t width, float* scores) {
  const FloatTag d;
  Floats a = hn::Zero(d), b = a, c = a, e = a;
  for_each_vector(0, width, [&](int64_t i, auto part) FRUGAL_LAMBDA {
    const Floats x = part.load(q + i);
    a = hn::MulAdd(x, part.load(row[0] + i), a);
    b = hn::MulAdd(x, part.load(row[1] + i), b);
    c = hn::MulAdd(x, part.load(row[2] + i), c);
    e = hn::MulAdd(x, part.load(row[3] + i), e);
  });
  store_sums(a, b, c, e, scores);
}

// out = correction * out + sum over j of p[j] * (row j of v), for kVectors vectors. Keys are dealt to several
// chains, so that there are always 8 sums under way: they hide the latency of MulAdd.
template <int kVectors, class Last>
HWY_INLINE void add_values(Strided<const float> v, const float* p, const int32_t* rows, int64_t count,
                           float correction, float* out, Last last) {
  constexpr int kChains = 8 / kVectors, kEnd = kVectors - 1;
  const FloatTag d;
  Floats sum[kChains][kVectors];
  for (auto& chain : sum)
    for (Floats& s : chain) s = hn::Zero(d);
  const auto add = [&](int64_t j, Floats(&chain)[kVectors]) FRUGAL_LAMBDA {
    const float* row = v.row(rows[j]);
    const Floats x = hn::Set(d, p[j]);
    for (int e = 0; e < kEnd; ++e) chain[e] = hn::MulAdd(x, hn::LoadU(d, row + e * kLanes), chain[e]);
    chain[kEnd] = hn::MulAdd(x, last.load(row + kEnd * kLanes), chain[kEnd]);
  };
  int64_t j = 0;
  for (; j + kChains <= count; j += kChains)
    for (int c = 0; c < kChains; ++c) add(j + c, sum[c]);
  for (; j < count; ++j) add(j, sum[0]);
  for (int half = kChains / 2; half > 0; half /= 2)
    for (int c = 0; c < half; ++c)
      for (int e = 0; e < kVectors; ++e) sum[c][e] = hn::Add(sum[c][e], sum[c + half][e]);
  const Floats old = hn::Set(d, correction);
  for (int e = 0; e < kEnd; ++e) {
    float* to = out + e * kLanes;
    hn::StoreU(hn::MulAdd(old, hn::LoadU(d, to), sum[0][e]), d, to);
  }
  last.store(hn::MulAdd(old, last.load(out + kEnd * kLanes), sum[0][kEnd]), out + kEnd * kLanes);
}

// The same for a whole row, as many vectors at a time as there are.
HWY_INLINE void add_rows(Strided<const float> v, const float* p, const int32_t* rows, int64_t count,
                         float correction, int64_t width, float* out) {
  int64_t e = 0;
  const auto take = [&](auto vectors, auto last) FRUGAL_LAMBDA {
    add_values<vectors>({v.data + e, v.stride}, p, rows, count, correction, out + e, last);
    e += vectors * kLanes;
  };
  while (e + 8 * kLanes <= width) take(std::integral_constant<int, 8>(), WholeVector());
  if (e + 4 * kLanes <= width) take(std::integral_constant<int, 4>(), WholeVector());
  if (e + 2 * kLanes <= width) take(std::integral_constant<int, 2>(), WholeVector());
  if (e + kLanes <= width) take(std::integral_constant<int, 1>(), WholeVector());
  if (e < width) take(std::integral_constant<int, 1>(), PartVector{static_cast<size_t>(width - e)});
}

// Replaces products by e^(score - max); returns the factor for what was summed under the old maximum.
HWY_INLINE float exponentiate(const CachedQuery& query, const float* bias, int64_t position, int64_t count,
                              float* scores, float& running_max, float& running_sum) {
  const FloatTag d;
  if (bias) {
    // Distance 0 is that of the last position.
    for (int64_t j = 0; j < count; ++j)
      scores[j] = scores[j] * query.scale + bias[std::max(position + j + 1 - query.end, -query.max_distance)];
  } else {
    const Floats scale = hn::Set(d, query.scale);
    for_each_vector(0, count, [=](int64_t j, auto part) FRUGAL_LAMBDA {
      part.store(hn::Mul(part.load(scores + j), scale), scores + j);
    });
  }
  const float old = running_max;
  running_max =
      std::max(old, max_of(count, [=](int64_t j, auto part) FRUGAL_LAMBDA { return part.load(scores + j); }));
  const Floats max = hn::Set(d, running_max);
  const float sum = sum_of(count, [=](int64_t j, auto part) FRUGAL_LAMBDA {
    const Floats e = Exp(d, hn::Sub(part.load(scores + j), max));
    part.store(e, scores + j);
    return e;
  });
  const float correction = hn::GetLane(Exp(d, hn::Set(d, old - running_max)));
  running_sum = running_sum * correction + sum;
  return correction;
}

}  // namespace

HWY_ATTR void attend_cached(const CachedQuery& query, float* scratch) {
  int32_t rows[kKeyBlock];
  const int64_t heads = query.kv_heads * query.group;
  float *max = scratch, *sum = max + heads, *scores = sum + heads;
  std::fill_n(max, heads, std::numeric_limits<float>::lowest());
  std::fill_n(sum, heads, 0.0f);
  std::fill_n(query.out, heads * query.value_width, 0.0f);
  for (int64_t position = query.begin; position < query.end; position += kKeyBlock) {
    const int64_t count = std::min(kKeyBlock, query.end - position);
    for (int64_t j = 0; j < count; ++j) rows[j] = static_cast<int32_t>(query.table.row(position + j));
    for (int64_t j = 0; j < count; j += 4)
      for (int64_t h = 0; h < heads; ++h) {
        const float* row[4];
        for (int64_t r = 0; r < 4; ++r)
          row[r] = query.k.row(rows[std::min(j + r, count - 1)]) + h / query.group * query.width;
        dot_rows(query.q + h * query.width, row, query.width, scores + h * kKeyBlock + j);
      }
    for (int64_t h = 0; h < heads; ++h) {
      float* p = scores + h * kKeyBlock;
      const float* bias = query.bias ? query.bias + h * (2 * query.max_distance + 1) : nullptr;
      const float correction = exponentiate(query, bias, position, count, p, max[h], sum[h]);
      add_rows({query.v.data + h / query.group * query.value_width, query.v.stride}, p, rows, count,
               correction, query.value_width, query.out + h * query.value_width);
    }
  }
  for (int64_t h = 0; h < heads; ++h) {
    float* out = query.out + h * query.value_width;
    const Floats factor = hn::Set(FloatTag(), sum[h] == 0 ? 0 : 1 / sum[h]);
    for_each_vector(0, query.value_width, [=](int64_t e, auto part) FRUGAL_LAMBDA {
      part.store(hn::Mul(part.load(out + e), factor), out + e);
    });
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace frugal {

HWY_EXPORT(attend_cached);
CachedForward cached_forward() { return FRUGAL_DISPATCH(attend_cached); }
size_t cached_scratch(int64_t heads) { return static_cast<size_t>(heads * (kKeyBlock + 2)); }

}  // namespace frugal
#endif

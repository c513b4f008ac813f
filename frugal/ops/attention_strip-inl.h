// What happens to a strip of scores between attention's products.
//
// A strip holds one block of keys by one block of queries, key after key, the queries side by side in the
// lanes. So a softmax over keys is plain vertical arithmetic: no sums across lanes, and the same order of
// addition for a query wherever it stands. Lanes beyond the last query hold finite rubbish that nobody reads.
#if defined(FRUGAL_OPS_ATTENTION_STRIP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FRUGAL_OPS_ATTENTION_STRIP_INL_H_
#undef FRUGAL_OPS_ATTENTION_STRIP_INL_H_
#else
#define FRUGAL_OPS_ATTENTION_STRIP_INL_H_
#endif

#include <hwy/contrib/math/math-inl.h>

#include <algorithm>
#include <cstdint>
#include <limits>

#include "frugal/base/random.h"
#include "frugal/ops/attention_kernels.h"
#include "frugal/ops/math-inl.h"
#include "frugal/ops/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {
namespace attention_simd {

constexpr int64_t kLanes = hn::MaxLanes(FloatTag());
constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

struct Strip {
  float* data;
  int64_t keys;
  int64_t lanes;   // queries, rounded up to whole vectors
  int64_t stride;  // floats from a key to the next
};

// out[d * lanes + i] = factor * x[i][d] for i < rows, 0 for the other lanes. Four rows by four columns at a
// time: element by element the transposition would cost as much as a product with 16 keys.
inline HWY_ATTR void transpose(Strided<const float> x, int64_t rows, int64_t width, float factor, float* out,
                               int64_t lanes) {
#if HWY_TARGET == HWY_SCALAR
  for (int64_t d = 0; d < width; ++d)
    for (int64_t i = 0; i < lanes; ++i) out[d * lanes + i] = factor * x.row(i)[d];
#else
  const hn::FixedTag<float, 4> d4;
  const auto scale = hn::Set(d4, factor);
  for (int64_t i = 0; i < lanes; i += 4) {
    if (i >= rows) {
      for (int64_t d = 0; d < width; ++d) hn::StoreU(hn::Zero(d4), d4, out + d * lanes + i);
      continue;
    }
    const float* row[4];
    for (int64_t r = 0; r < 4; ++r) row[r] = x.row(std::min(i + r, rows - 1));
    int64_t d = 0;
    for (; d + 4 <= width; d += 4) {
      const auto r0 = hn::LoadU(d4, row[0] + d), r1 = hn::LoadU(d4, row[1] + d);
      const auto r2 = hn::LoadU(d4, row[2] + d), r3 = hn::LoadU(d4, row[3] + d);
      const auto low01 = hn::InterleaveLower(d4, r0, r1), low23 = hn::InterleaveLower(d4, r2, r3);
      const auto high01 = hn::InterleaveUpper(d4, r0, r1), high23 = hn::InterleaveUpper(d4, r2, r3);
      float* column = out + d * lanes + i;
      hn::StoreU(hn::Mul(scale, hn::ConcatLowerLower(d4, low23, low01)), d4, column);
      hn::StoreU(hn::Mul(scale, hn::ConcatUpperUpper(d4, low23, low01)), d4, column + lanes);
      hn::StoreU(hn::Mul(scale, hn::ConcatLowerLower(d4, high23, high01)), d4, column + 2 * lanes);
      hn::StoreU(hn::Mul(scale, hn::ConcatUpperUpper(d4, high23, high01)), d4, column + 3 * lanes);
    }
    for (; d < width; ++d)
      for (int64_t r = 0; r < 4; ++r) out[d * lanes + i + r] = factor * row[r][d];
  }
#endif
}

// The running softmax of one block of queries.
struct Running {
  float *max, *sum, *correction;
};

// Replaces the scores by e^(score - max) and brings max and sum up to date; `correction` is the factor for
// what was summed under the old maximum. A NaN among the scores makes the sum a NaN.
inline HWY_ATTR void exponentiate(const Strip& strip, const Running& running) {
  const FloatTag d;
  for (int64_t i = 0; i < strip.lanes; i += kLanes) {
    float* column = strip.data + i;
    const Floats old = hn::Load(d, running.max + i);
    Floats m0 = old, m1 = old, m2 = old, m3 = old;  // four chains hide the latency of Max
    int64_t j = 0;
    for (; j + 4 <= strip.keys; j += 4) {
      const float* p = column + j * strip.stride;
      m0 = hn::Max(m0, hn::LoadU(d, p));
      m1 = hn::Max(m1, hn::LoadU(d, p + strip.stride));
      m2 = hn::Max(m2, hn::LoadU(d, p + 2 * strip.stride));
      m3 = hn::Max(m3, hn::LoadU(d, p + 3 * strip.stride));
    }
    for (; j < strip.keys; ++j) m0 = hn::Max(m0, hn::LoadU(d, column + j * strip.stride));
    const Floats max = hn::Max(hn::Max(m0, m1), hn::Max(m2, m3));
    const Floats correction = frugal::HWY_NAMESPACE::Exp(d, hn::Sub(old, max));
    Floats sum = hn::Mul(correction, hn::Load(d, running.sum + i));
    for (j = 0; j < strip.keys; ++j) {
      float* p = column + j * strip.stride;
      const Floats e = frugal::HWY_NAMESPACE::Exp(d, hn::Sub(hn::LoadU(d, p), max));
      sum = hn::Add(sum, e);
      hn::StoreU(e, d, p);
    }
    hn::Store(max, d, running.max + i);
    hn::Store(sum, d, running.sum + i);
    hn::Store(correction, d, running.correction + i);
  }
}

// The last step: sum becomes the factor kept / sum (0 where no key was seen), max becomes log-sum-exp.
inline HWY_ATTR void finish(const Running& running, int64_t lanes, float kept) {
  const FloatTag d;
  for (int64_t i = 0; i < lanes; i += kLanes) {
    const Floats sum = hn::Load(d, running.sum + i);
    const auto empty = hn::Eq(sum, hn::Zero(d));
    const Floats lse = hn::Add(hn::Load(d, running.max + i), hn::Log(d, sum));
    hn::Store(hn::IfThenElse(empty, hn::Set(d, kMinusInfinity), lse), d, running.max + i);
    hn::Store(hn::IfThenZeroElse(empty, hn::Div(hn::Set(d, kept), sum)), d, running.sum + i);
  }
}

// Philox-4x32-10 (see base/random.h) on a vector of counters {row, head, group, 0}; replaces c by the output.
template <class DU, class VU>
HWY_INLINE void philox_lanes(DU du, uint64_t key, VU (&c)[4]) {
#if HWY_TARGET == HWY_SCALAR
  const auto lane = [&](int i) { return uint64_t{hn::GetLane(c[i])}; };
  const auto output = philox(key, lane(2) | lane(3) << 32, lane(0) | lane(1) << 32);
  for (int i = 0; i < 4; ++i) c[i] = hn::Set(du, output[i]);
#else
  const hn::RepartitionToWide<DU> dw;
  const auto multiply = [&](VU x, uint32_t by, VU& high, VU& low) FRUGAL_LAMBDA {
    const VU factor = hn::Set(du, by);
    const auto even = hn::MulEven(x, factor);
    const auto odd = hn::MulEven(hn::BitCast(du, hn::ShiftRight<32>(hn::BitCast(dw, x))), factor);
    low = hn::OddEven(hn::BitCast(du, hn::ShiftLeft<32>(odd)), hn::BitCast(du, even));
    high = hn::OddEven(hn::BitCast(du, odd), hn::BitCast(du, hn::ShiftRight<32>(even)));
  };
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    VU high0, low0, high1, low1;
    multiply(c[0], 0xD2511F53u, high0, low0);
    multiply(c[2], 0xCD9E8D57u, high1, low1);
    c[0] = hn::Xor(hn::Xor(high1, c[1]), hn::Set(du, k0));
    c[1] = low1;
    c[2] = hn::Xor(hn::Xor(high0, c[3]), hn::Set(du, k1));
    c[3] = low0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
#endif
}

// Calls f(j, i, kept) for each key j and vector of lanes i of the strip, where the mask `kept` has a bit for
// each probability that survives. One Philox output serves eight keys of a query, 16 bits each. `first_key`
// is the strip's first key in its sequence, a multiple of 8; `first_query` the query of lane 0.
template <class F>
HWY_INLINE void for_each_kept(const Strip& strip, const AttentionDropout& dropout, int64_t first_query,
                              int64_t first_key, F&& f) {
  const FloatTag d;
  const hn::RebindToUnsigned<FloatTag> du;
  const hn::RebindToSigned<FloatTag> di;
  const auto below = hn::Set(di, static_cast<int32_t>(dropout.threshold) - 1);
  const auto low_half = hn::Set(du, 0xFFFFu);
  for (int64_t i = 0; i < strip.lanes; i += kLanes) {
    const uint32_t row = dropout.first_row + static_cast<uint32_t>(first_query + i);
    for (int64_t group = 0; group * 8 < strip.keys; ++group) {
      hn::Vec<decltype(du)> c[4] = {hn::Iota(du, row), hn::Set(du, dropout.head),
                                    hn::Set(du, static_cast<uint32_t>(first_key / 8 + group)), hn::Zero(du)};
      philox_lanes(du, dropout.key, c);
      const int64_t count = std::min<int64_t>(8, strip.keys - group * 8);
      for (int64_t e = 0; e < count; ++e) {
        const auto bits = e % 2 ? hn::ShiftRight<16>(c[e / 2]) : hn::And(c[e / 2], low_half);
        f(group * 8 + e, i, hn::RebindMask(d, hn::Gt(hn::BitCast(di, bits), below)));
      }
    }
  }
}

inline HWY_ATTR void drop(const Strip& strip, const AttentionDropout& dropout, int64_t first_query,
                          int64_t first_key) {
  const FloatTag d;
  for_each_kept(strip, dropout, first_query, first_key, [&](int64_t j, int64_t i, auto kept) FRUGAL_LAMBDA {
    float* p = strip.data + j * strip.stride + i;
    hn::StoreU(hn::IfThenElseZero(kept, hn::LoadU(d, p)), d, p);
  });
}

// From scores s and gradients g of the dropped-out probabilities: p = e^(s - lse), then
//   scores    := p m               (what met the values in the forward pass)
//   gradients := scale p (m g - delta)   (the gradient of q.k)
// with m = 0 or the kept scale. delta is the sum over keys of p m g, which is out . out_grad.
inline HWY_ATTR void differentiate(const Strip& scores, const Strip& gradients, const float* lse,
                                   const float* delta, float scale, const AttentionDropout& dropout,
                                   int64_t first_query, int64_t first_key) {
  const FloatTag d;
  const auto step = [&](int64_t j, int64_t i, auto multiply) FRUGAL_LAMBDA {
    float *s = scores.data + j * scores.stride + i, *g = gradients.data + j * scores.stride + i;
    const Floats p = frugal::HWY_NAMESPACE::Exp(d, hn::Sub(hn::LoadU(d, s), hn::Load(d, lse + i)));
    const Floats rise = hn::Sub(multiply(hn::LoadU(d, g)), hn::Load(d, delta + i));
    hn::StoreU(multiply(p), d, s);
    hn::StoreU(hn::Mul(hn::Mul(hn::Set(d, scale), p), rise), d, g);
  };
  if (dropout.threshold == 0) {
    for (int64_t j = 0; j < scores.keys; ++j)
      for (int64_t i = 0; i < scores.lanes; i += kLanes) step(j, i, [](Floats x) FRUGAL_LAMBDA { return x; });
    return;
  }
  const Floats kept_scale = hn::Set(d, dropout.kept_scale());
  for_each_kept(scores, dropout, first_query, first_key, [&](int64_t j, int64_t i, auto kept) FRUGAL_LAMBDA {
    step(j, i, [&](Floats x) FRUGAL_LAMBDA { return hn::IfThenElseZero(kept, hn::Mul(kept_scale, x)); });
  });
}

}  // namespace attention_simd
}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#endif

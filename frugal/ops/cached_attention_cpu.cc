// One query against the rows of a cache. All is bound by reading the rows, each once for all heads that share
// it: 4 keys' dot products at a time, vectors along a key's width, then the softmax along the keys of a
// block, then the values, vectors along their width.
#include <algorithm>
#include <limits>

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

// out (+)= sum of p[j] * row j of v.
HWY_INLINE void add_values(const CachedQuery& query, const float* p, const int32_t* rows, int64_t count,
                           bool first, float correction, float* out) {
  const FloatTag d;
  const Floats old = hn::Set(d, correction);
  const int64_t width = query.value_width;
  int64_t e = 0;
  // 4 vectors at a time in two chains each, for even and odd keys, which hide the latency of MulAdd.
  for (; e + 4 * kLanes <= width; e += 4 * kLanes) {
    Floats a[4], b[4];
    for (int v = 0; v < 4; ++v) {
      a[v] = first ? hn::Zero(d) : hn::Mul(hn::LoadU(d, out + e + v * kLanes), old);
      b[v] = hn::Zero(d);
    }
    int64_t j = 0;
    for (; j + 2 <= count; j += 2) {
      const float *even = query.v.row(rows[j]) + e, *odd = query.v.row(rows[j + 1]) + e;
      const Floats x = hn::Set(d, p[j]), y = hn::Set(d, p[j + 1]);
      for (int v = 0; v < 4; ++v) {
        a[v] = hn::MulAdd(x, hn::LoadU(d, even + v * kLanes), a[v]);
        b[v] = hn::MulAdd(y, hn::LoadU(d, odd + v * kLanes), b[v]);
      }
    }
    if (j < count) {
      const float* last = query.v.row(rows[j]) + e;
      for (int v = 0; v < 4; ++v) a[v] = hn::MulAdd(hn::Set(d, p[j]), hn::LoadU(d, last + v * kLanes), a[v]);
    }
    for (int v = 0; v < 4; ++v) hn::StoreU(hn::Add(a[v], b[v]), d, out + e + v * kLanes);
  }
  for_each_vector(e, width, [&](int64_t i, auto part) FRUGAL_LAMBDA {
    Floats a = first ? hn::Zero(d) : hn::Mul(part.load(out + i), old);
    for (int64_t j = 0; j < count; ++j)
      a = hn::MulAdd(hn::Set(d, p[j]), part.load(query.v.row(rows[j]) + i), a);
    part.store(a, out + i);
  });
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
  float *max = scratch, *sum = max + query.heads, *scores = sum + query.heads;
  std::fill_n(max, query.heads, std::numeric_limits<float>::lowest());
  std::fill_n(sum, query.heads, 0.0f);
  for (int64_t position = query.begin; position < query.end; position += kKeyBlock) {
    const int64_t count = std::min(kKeyBlock, query.end - position);
    for (int64_t j = 0; j < count; ++j) rows[j] = static_cast<int32_t>(query.table.row(position + j));
    for (int64_t j = 0; j < count; j += 4) {
      const float* row[4];
      for (int64_t r = 0; r < 4; ++r) row[r] = query.k.row(rows[std::min(j + r, count - 1)]);
      for (int64_t h = 0; h < query.heads; ++h)
        dot_rows(query.q + h * query.width, row, query.width, scores + h * kKeyBlock + j);
    }
    for (int64_t h = 0; h < query.heads; ++h) {
      float* p = scores + h * kKeyBlock;
      const float* bias = query.bias ? query.bias + h * (2 * query.max_distance + 1) : nullptr;
      const float correction = exponentiate(query, bias, position, count, p, max[h], sum[h]);
      add_values(query, p, rows, count, position == query.begin, correction,
                 query.out + h * query.value_width);
    }
  }
  for (int64_t h = 0; h < query.heads; ++h) {
    const bool empty = sum[h] == 0;
    float* out = query.out + h * query.value_width;
    const Floats factor = hn::Set(FloatTag(), empty ? 0 : 1 / sum[h]);
    if (empty) std::fill_n(out, query.value_width, 0.0f);
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

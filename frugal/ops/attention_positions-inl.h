// What positions do to a strip of scores: which keys a query does not see, and the bias of a distance.
//
// The distance of a key from a query is the key's position minus the query's. Where positions follow each
// other, one number describes a strip: the distance falls by one from lane to lane and rises by one from key
// to key, so what depends on distance alone is a window that slides over one short row.
#if defined(FRUGAL_OPS_ATTENTION_POSITIONS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FRUGAL_OPS_ATTENTION_POSITIONS_INL_H_
#undef FRUGAL_OPS_ATTENTION_POSITIONS_INL_H_
#else
#define FRUGAL_OPS_ATTENTION_POSITIONS_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "frugal/ops/attention_kernels.h"
#include "frugal/ops/attention_strip-inl.h"
#include "frugal/ops/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {
namespace attention_simd {

using Ints = hn::RebindToSigned<FloatTag>;

inline bool is_run(const int32_t* positions, int64_t count) {
  int differing = 0;  // no early exit: this is a few vector instructions
  for (int64_t i = 0; i < count; ++i)
    differing |= static_cast<int>(int64_t{positions[i]} - positions[0] != i);
  return differing == 0;
}

// The positions of one block of queries. Lanes beyond the last query repeat its position.
template <bool kRelative>
struct QueryPositions {
  QueryPositions(const AttentionHead& head, int64_t first, int64_t count)
      : last(first + head.keys - head.queries) {
    if (!kRelative || !head.bias.q_positions) return;
    given = true;
    for (int64_t i = 0; i < kQueryBlock; ++i)
      position[i] = head.bias.q_positions[first + std::min(i, count - 1)];
    run = is_run(position, count);
    least = *std::min_element(position, position + kQueryBlock);
    most = *std::max_element(position, position + kQueryBlock);
  }
  int64_t last;  // without positions: the last key that lane 0 sees
  bool given = false, run = true;
  int32_t least = 0, most = 0;
  HWY_ALIGN int32_t position[kQueryBlock];
};

struct KeyRange {
  int64_t begin, end;
};

// The keys that some of `count` queries from `first` see; begin is a multiple of 8, as dropout asks.
template <bool kRelative>
KeyRange visible_keys(const AttentionHead& head, const QueryPositions<kRelative>& queries, int64_t count) {
  KeyRange range{0, head.keys};
  if (!head.causal) return range;
  if (queries.given) {
    const int32_t* position = head.bias.k_positions;
    while (range.end > 0 && position[range.end - 1] > queries.most) --range.end;
    if (head.window > 0)
      while (range.begin < range.end && position[range.begin] <= queries.least - head.window) ++range.begin;
  } else {
    range.end = std::clamp<int64_t>(queries.last + count, 0, head.keys);
    if (head.window > 0) range.begin = std::clamp<int64_t>(queries.last + 1 - head.window, 0, range.end);
  }
  range.begin = range.begin / 8 * 8;
  return range;
}

struct Distances {
  int64_t first;                             // of the strip's first key from lane 0, if positions are runs;
  const int32_t *q = nullptr, *k = nullptr;  // otherwise the positions of the lanes and of the keys
};

template <bool kRelative>
Distances distances_of(const AttentionHead& head, const QueryPositions<kRelative>& queries, int64_t first_key,
                       int64_t keys) {
  if (!queries.given) return {first_key - queries.last};
  const int32_t *q = queries.position, *k = head.bias.k_positions + first_key;
  if (queries.run && is_run(k, keys)) return {int64_t{k[0]} - q[0]};
  return {0, q, k};
}

// Calls f(j, i, distances) for each key j and vector of lanes i.
template <class F>
HWY_INLINE void for_each_distance(const Strip& strip, const Distances& distances, F&& f) {
  const Ints d;
  for (int64_t j = 0; j < strip.keys; ++j)
    for (int64_t i = 0; i < strip.lanes; i += kLanes)
      f(j, i, hn::Sub(hn::Set(d, distances.k[j]), hn::LoadU(d, distances.q + i)));
}

// In each of the keys [begin, end), sets to -infinity the lanes i where not visible(j, lane numbers).
template <class F>
HWY_INLINE void hide_keys(const Strip& strip, int64_t begin, int64_t end, F&& visible) {
  const FloatTag d;
  const Ints di;
  for (int64_t j = begin; j < end; ++j)
    for (int64_t i = 0; i < strip.lanes; i += kLanes) {
      float* p = strip.data + j * strip.stride + i;
      const auto seen = hn::RebindMask(d, visible(j, hn::Iota(di, static_cast<int32_t>(i))));
      hn::StoreU(hn::IfThenElse(seen, hn::LoadU(d, p), hn::Set(d, kMinusInfinity)), d, p);
    }
}

// Sets to -infinity what causality or the window hides: all distances outside (-window, 0].
inline HWY_ATTR void hide(const Strip& strip, const Distances& distances, const AttentionHead& head) {
  if (!head.causal) return;
  const FloatTag d;
  const Ints di;
  if (distances.q) {
    const auto zero = hn::Zero(di);
    const int64_t reach = head.window > 0 ? std::min<int64_t>(head.window, 1 << 30) : 1 << 30;
    const auto least = hn::Set(di, static_cast<int32_t>(-reach));
    for_each_distance(strip, distances, [&](int64_t j, int64_t i, auto distance) FRUGAL_LAMBDA {
      float* p = strip.data + j * strip.stride + i;
      const auto hidden = hn::RebindMask(d, hn::Or(hn::Gt(distance, zero), hn::Not(hn::Gt(distance, least))));
      hn::StoreU(hn::IfThenElse(hidden, hn::Set(d, kMinusInfinity), hn::LoadU(d, p)), d, p);
    });
    return;
  }
  // Lane i sees the keys from oldest + i to newest + i. Bounds beyond the strip are all the same.
  const int64_t newest = std::max(-distances.first, -strip.lanes);
  hide_keys(strip, std::max<int64_t>(0, newest + 1), strip.keys, [=](int64_t j, auto lane) FRUGAL_LAMBDA {
    return hn::Gt(lane, hn::Set(Ints(), static_cast<int32_t>(j - newest - 1)));
  });
  if (head.window == 0) return;
  const int64_t oldest = std::min(1 - head.window - distances.first, strip.keys);
  hide_keys(strip, 0, std::min(strip.keys, oldest + strip.lanes - 1),
            [=](int64_t j, auto lane) FRUGAL_LAMBDA {
              return hn::Lt(lane, hn::Set(Ints(), static_cast<int32_t>(j - oldest + 1)));
            });
}

inline int64_t cut(int64_t distance, const RelativeBias& bias) {
  return std::clamp(distance, -bias.max_distance, bias.max_distance);
}

// Sets the strip to its biases, to which the products are then added.
inline HWY_ATTR void fill_with_bias(const Strip& strip, const Distances& distances,
                                    const RelativeBias& bias) {
  const FloatTag d;
  const Ints di;
  if (distances.q) {
    const auto most = hn::Set(di, static_cast<int32_t>(bias.max_distance)), least = hn::Neg(most);
    const float* table = bias.table - bias.max_distance;
    for_each_distance(strip, distances, [&](int64_t j, int64_t i, auto distance) FRUGAL_LAMBDA {
      const auto index = hn::Add(hn::Min(hn::Max(distance, least), most), most);
      hn::StoreU(hn::GatherIndex(d, table, index), d, strip.data + j * strip.stride + i);
    });
    return;
  }
  HWY_ALIGN float row[kQueryBlock + kKeyBlock];
  const int64_t top = distances.first + strip.keys - 1;
  for (int64_t t = 0; t < strip.keys + strip.lanes - 1; ++t) row[t] = bias.table[cut(top - t, bias)];
  for (int64_t j = 0; j < strip.keys; ++j)
    for (int64_t i = 0; i < strip.lanes; i += kLanes)
      hn::StoreU(hn::LoadU(d, row + strip.keys - 1 - j + i), d, strip.data + j * strip.stride + i);
}

// grad[distance] += factor * the strip's gradients at that distance. Lanes from `count` on hold zeros.
inline HWY_ATTR void add_bias_gradient(const Strip& gradients, const Distances& distances,
                                       const RelativeBias& bias, int64_t count, float factor, float* grad) {
  const FloatTag d;
  if (distances.q) {
    for (int64_t j = 0; j < gradients.keys; ++j)
      for (int64_t i = 0; i < count; ++i)
        grad[cut(int64_t{distances.k[j]} - distances.q[i], bias)] +=
            factor * gradients.data[j * gradients.stride + i];
    return;
  }
  HWY_ALIGN float row[kQueryBlock + kKeyBlock] = {};
  // Keys a vector apart meet in whole vectors of the row; next keys would load across what was just stored.
  for (int64_t start = 0; start < kLanes; ++start)
    for (int64_t j = start; j < gradients.keys; j += kLanes)
      for (int64_t i = 0; i < gradients.lanes; i += kLanes) {
        float* sum = row + gradients.keys - 1 - j + i;
        const Floats g = hn::LoadU(d, gradients.data + j * gradients.stride + i);
        hn::StoreU(hn::Add(hn::LoadU(d, sum), g), d, sum);
      }
  const int64_t top = distances.first + gradients.keys - 1;
  for (int64_t t = 0; t < gradients.keys + count - 1; ++t) grad[cut(top - t, bias)] += factor * row[t];
}

}  // namespace attention_simd
}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#endif

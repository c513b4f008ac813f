// The terms that xl_attention adds to a strip of scores (see attention_strip-inl.h), and their gradients.
//
// What the distance adds is a product too: queries with the rows of the table r that lie between the block's
// least and largest distance, the window. A key and a query then meet in the window's row of their distance:
// for the lanes of one key these are rows that rise by one from lane to lane, so the strip gathers them. (The
// published code shifts a whole matrix instead.)
#if defined(FRUGAL_OPS_XL_ATTENTION_TERMS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FRUGAL_OPS_XL_ATTENTION_TERMS_INL_H_
#undef FRUGAL_OPS_XL_ATTENTION_TERMS_INL_H_
#else
#define FRUGAL_OPS_XL_ATTENTION_TERMS_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "frugal/ops/attention_block-inl.h"
#include "frugal/ops/xl_attention_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {
namespace attention_simd {

using IntTag = hn::RebindToSigned<FloatTag>;

// A block of queries with each bias added.
struct XlQueries {
  int64_t first, count, lanes;
  float *content_rows, *position_rows;  // [count][width]
  float *content, *position;            // times the scale, query after query in the lanes: [width][lanes]
  HWY_ALIGN float same[kQueryBlock], other[kQueryBlock];  // what keys of the same and of another segment get
  // Lanes beyond the last query repeat it.
  HWY_ALIGN int32_t positions[kQueryBlock], types[kQueryBlock];
  bool blind[kQueryBlock] = {};  // sees no key: all its scores are 0
};

constexpr int32_t kFarthest = 1 << 29;  // so that differences and what is added to them stay within 32 bits
inline int32_t bounded(int32_t position) { return std::clamp(position, -kFarthest, kFarthest); }

inline bool sees(const XlHead& head, int64_t i, int64_t j) {
  const int64_t distance = int64_t{head.q_positions[i]} - head.k_positions[j];
  if (head.causal && distance < 0) return false;
  if (head.window > 0 && distance >= head.window) return false;
  const int64_t column = j - head.memory;
  return !head.hidden.data || column < 0 || column >= head.hidden.stride || head.hidden.row(i)[column] == 0;
}

inline bool sees_all(const XlHead& head) { return !head.causal && !head.hidden.data; }

inline bool sees_none(const XlHead& head, int64_t i) {
  for (int64_t j = 0; j < head.keys; ++j)
    if (sees(head, i, j)) return false;
  return true;
}

inline HWY_ATTR float dot(const float* a, const float* b, int64_t n) {
  return sum_of(
      n, [=](int64_t e, auto part) FRUGAL_LAMBDA { return hn::Mul(part.load(a + e), part.load(b + e)); });
}

inline HWY_ATTR void add_bias(Strided<const float> q, const float* bias, int64_t count, int64_t width,
                              float* rows) {
  for (int64_t i = 0; i < count; ++i)
    for_each_vector(0, width, [=](int64_t e, auto part) FRUGAL_LAMBDA {
      part.store(hn::Add(part.load(q.row(i) + e), part.load(bias + e)), rows + i * width + e);
    });
}

// Takes 4 * width * kQueryBlock floats of scratch and moves it on.
inline HWY_ATTR XlQueries prepare_queries(const XlHead& head, int64_t first, int64_t count, float*& scratch) {
  XlQueries q;
  q.first = first, q.count = count, q.lanes = round_up(count, kLanes);
  const Strided<const float> rows{head.q.row(first), head.q.stride};
  const int64_t width = head.width;
  for (float** buffer : {&q.content_rows, &q.position_rows, &q.content, &q.position})
    *buffer = scratch, scratch += width * kQueryBlock;
  add_bias(rows, head.segment_bias, count, width, q.content_rows);  // first a place for the segments' queries
  for (int64_t i = 0; i < count; ++i) {
    const float* query = q.content_rows + i * width;
    q.same[i] = head.scale * dot(query, head.same, width);
    q.other[i] = head.scale * dot(query, head.other, width);
    q.positions[i] = bounded(head.q_positions[first + i]);
    q.types[i] = head.q_types[first + i];
    if (!sees_all(head)) q.blind[i] = sees_none(head, first + i);
  }
  for (int64_t i = count; i < q.lanes; ++i) {
    q.same[i] = q.same[count - 1], q.other[i] = q.other[count - 1];
    q.positions[i] = q.positions[count - 1], q.types[i] = q.types[count - 1];
  }
  add_bias(rows, head.content_bias, count, width, q.content_rows);
  add_bias(rows, head.position_bias, count, width, q.position_rows);
  transpose({q.content_rows, width}, count, width, head.scale, q.content, q.lanes);
  transpose({q.position_rows, width}, count, width, head.scale, q.position, q.lanes);
  return q;
}

// The rows of r that a strip needs, and a place for their products or gradients: [rows][lanes].
struct Window {
  Strip strip;
  int64_t first;
};

inline Window window_of(const XlHead& head, const XlQueries& q, int64_t key, const Strip& scores,
                        float* data) {
  const int32_t* k = head.k_positions + key;
  const auto [least_query, most_query] = std::minmax_element(q.positions, q.positions + q.lanes);
  const auto [least_key, most_key] = std::minmax_element(k, k + scores.keys);
  const auto row = [&](int64_t distance) {
    return std::clamp<int64_t>(distance + head.back, 0, head.distances - 1);
  };
  const int64_t first = row(int64_t{*least_query} - bounded(*most_key));
  const int64_t last = row(int64_t{*most_query} - bounded(*least_key));
  return {{data, last + 1 - first, scores.lanes, scores.stride}, first};
}

// Adds to the strip, which holds the products of the content, what distances and segments add.
inline HWY_ATTR void add_terms(const Strip& scores, const Window& window, const XlHead& head,
                               const XlQueries& q, int64_t key) {
  const FloatTag d;
  const IntTag di;
  multiply(window.strip, {head.r.row(window.first), head.r.stride}, q.position, head.width, false);
  const auto stride = hn::Set(di, static_cast<int32_t>(scores.stride));
  const auto last = hn::Set(di, static_cast<int32_t>(head.distances - 1));
  for (int64_t j = 0; j < scores.keys; ++j) {
    const auto origin = hn::Set(di, static_cast<int32_t>(head.back) - bounded(head.k_positions[key + j]));
    const auto type = hn::Set(di, head.k_types[key + j]);
    for (int64_t i = 0; i < scores.lanes; i += kLanes) {
      const auto row = hn::Min(hn::Max(hn::Add(hn::Load(di, q.positions + i), origin), hn::Zero(di)), last);
      const auto index =
          hn::Add(hn::Mul(hn::Sub(row, hn::Set(di, static_cast<int32_t>(window.first))), stride),
                  hn::Iota(di, static_cast<int32_t>(i)));
      const auto alike = hn::RebindMask(d, hn::Eq(hn::Load(di, q.types + i), type));
      const Floats segment = hn::IfThenElse(alike, hn::Load(d, q.same + i), hn::Load(d, q.other + i));
      float* p = scores.data + j * scores.stride + i;
      hn::StoreU(hn::Add(hn::Add(hn::LoadU(d, p), hn::GatherIndex(d, window.strip.data, index)), segment), d,
                 p);
    }
  }
}

// -infinity for what is not seen. Plain loops: masks are for training a language model, and most of the time
// is in products even there.
inline void hide_unseen(const Strip& scores, const XlHead& head, const XlQueries& q, int64_t key) {
  if (sees_all(head)) return;
  for (int64_t j = 0; j < scores.keys; ++j)
    for (int64_t i = 0; i < q.count; ++i) {
      float& score = scores.data[j * scores.stride + i];
      if (q.blind[i])
        score = 0;
      else if (!sees(head, q.first + i, key + j))
        score = kMinusInfinity;
    }
}

// The strip's scores.
inline HWY_ATTR void score(const Strip& scores, const Window& window, const XlHead& head, const XlQueries& q,
                           int64_t key) {
  multiply(scores, {head.k.row(key), head.k.stride}, q.content, head.width, false);
  add_terms(scores, window, head, q, key);
  hide_unseen(scores, head, q, key);
}

// Sorts the scores' gradients by distance into the window, to which they are not added but set.
inline void spread(const Strip& gradients, const Window& window, const XlHead& head, const XlQueries& q,
                   int64_t key) {
  std::fill_n(window.strip.data, window.strip.keys * window.strip.stride, 0.0f);
  for (int64_t j = 0; j < gradients.keys; ++j) {
    const int64_t origin = head.back - bounded(head.k_positions[key + j]);
    const float* from = gradients.data + j * gradients.stride;
    for (int64_t i = 0; i < q.count; ++i) {
      const int64_t row = std::clamp<int64_t>(q.positions[i] + origin, 0, head.distances - 1) - window.first;
      window.strip.data[row * window.strip.stride + i] += from[i];
    }
  }
}

// same[i] and other[i] += the sums over keys of the same and of another segment.
inline HWY_ATTR void add_segment_gradients(const Strip& gradients, const XlHead& head, const XlQueries& q,
                                           int64_t key, float* same, float* other) {
  const FloatTag d;
  const IntTag di;
  for (int64_t i = 0; i < gradients.lanes; i += kLanes) {
    Floats alike = hn::LoadU(d, same + i), unlike = hn::LoadU(d, other + i);
    const auto types = hn::Load(di, q.types + i);
    for (int64_t j = 0; j < gradients.keys; ++j) {
      const auto equal = hn::RebindMask(d, hn::Eq(types, hn::Set(di, head.k_types[key + j])));
      const Floats g = hn::LoadU(d, gradients.data + j * gradients.stride + i);
      alike = hn::Add(alike, hn::IfThenElseZero(equal, g));
      unlike = hn::Add(unlike, hn::IfThenZeroElse(equal, g));
    }
    hn::StoreU(alike, d, same + i);
    hn::StoreU(unlike, d, other + i);
  }
}

// What one block's scores pass on to the queries, and through them to the biases.
struct XlQueryGradients {
  float *content, *position;  // [count][width]
  HWY_ALIGN float same[kQueryBlock] = {}, other[kQueryBlock] = {};
};

inline void finish_queries(const XlHead& head, const XlHeadGrad& grad, const XlQueries& q,
                           const XlQueryGradients& g) {
  for (int64_t i = 0; i < q.count; ++i) {
    const float *query = head.q.row(q.first + i), *content = g.content + i * head.width,
                *position = g.position + i * head.width;
    float* q_grad = grad.q_grad.row(q.first + i);
    for (int64_t e = 0; e < head.width; ++e) {
      const float segment = g.same[i] * head.same[e] + g.other[i] * head.other[e];
      q_grad[e] = content[e] + position[e] + segment;
      grad.content_bias[e] += content[e];
      grad.position_bias[e] += position[e];
      grad.segment_bias[e] += segment;
      const float biased = query[e] + head.segment_bias[e];
      grad.same[e] += g.same[i] * biased;
      grad.other[e] += g.other[i] * biased;
    }
  }
}

}  // namespace attention_simd
}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#endif

// Kernels of attention over chunks: the rows of a window, which lie anywhere, are gathered side by side and
// then treated as in attention_cpu.cc. Gathering moves each key once for a whole chunk of queries.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "frugal/base/checked.h"
#include "frugal/ops/chunk_attention_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frugal/ops/chunk_attention_cpu.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "frugal/ops/attention_product-inl.h"
#include "frugal/ops/attention_strip-inl.h"

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {
namespace window_simd {

using namespace attention_simd;  // NOLINT: the pieces of attention's kernels

// Hands out parts of the scratch memory on cache lines.
struct Scratch {
  float* next;
  float* take(int64_t floats) {
    float* taken = next;
    next += round_up(floats, 16);
    return taken;
  }
};

inline void gather(const float* rows, int64_t stride, const int32_t* index, int64_t count, int64_t width,
                   float* out) {
  for (int64_t i = 0; i < count; ++i)
    std::memcpy(out + i * width, rows + index[i] * stride, static_cast<size_t>(width) * sizeof(float));
}

inline void scatter(const float* in, int64_t width, const int32_t* index, int64_t count, float* rows,
                    int64_t stride) {
  for (int64_t i = 0; i < count; ++i)
    std::memcpy(rows + index[i] * stride, in + i * width, static_cast<size_t>(width) * sizeof(float));
}

HWY_ATTR void scatter_add(const float* in, int64_t width, const int32_t* index, int64_t count, float* rows,
                          int64_t stride) {
  for (int64_t i = 0; i < count; ++i) {
    const float* from = in + i * width;
    float* to = rows + index[i] * stride;
    for_each_vector(0, width, [=](int64_t e, auto part) FRUGAL_LAMBDA {
      part.store(hn::Add(part.load(to + e), part.load(from + e)), to + e);
    });
  }
}

HWY_ATTR void multiply_rows(float* rows, int64_t count, int64_t width, const float* factors) {
  for (int64_t i = 0; i < count; ++i) {
    const Floats factor = hn::Set(FloatTag(), factors[i]);
    float* row = rows + i * width;
    for_each_vector(0, width, [=](int64_t e, auto part) FRUGAL_LAMBDA {
      part.store(hn::Mul(part.load(row + e), factor), row + e);
    });
  }
}

// Sets what a later key scores to -infinity where causal, and what a row scores with itself to self[lane]
// where `self` is given.
HWY_ATTR void hide(const Strip& strip, const int32_t* keys, const int32_t* queries, bool causal,
                   const float* self) {
  const FloatTag d;
  const hn::RebindToSigned<FloatTag> di;
  if (!causal && !self) return;
  const Floats hidden = hn::Set(d, kMinusInfinity);
  for (int64_t j = 0; j < strip.keys; ++j)
    for (int64_t i = 0; i < strip.lanes; i += kLanes) {
      const auto key = hn::Set(di, keys[j]), query = hn::Load(di, queries + i);
      float* p = strip.data + j * strip.stride + i;
      Floats x = hn::LoadU(d, p);
      if (causal) x = hn::IfThenElse(hn::RebindMask(d, hn::Gt(key, query)), hidden, x);
      if (self) x = hn::IfThenElse(hn::RebindMask(d, hn::Eq(key, query)), hn::Load(d, self + i), x);
      hn::StoreU(x, d, p);
    }
}

// Up to 48 queries of a window: gathered, and their rows, one a lane.
struct QueryBlock {
  QueryBlock(const WindowHead& head, Scratch& scratch)
      : rows(reinterpret_cast<int32_t*>(scratch.take(kQueryBlock))),
        self(scratch.take(kQueryBlock)),
        q(scratch.take(kQueryBlock * head.width)),
        columns(scratch.take(kQueryBlock * head.width)) {}

  HWY_ATTR void load(const WindowHead& head, const Window& window, int64_t first_query) {
    first = first_query;
    count = std::min(kQueryBlock, window.query_count - first);
    lanes = round_up(count, kLanes);
    index = window.queries + first;
    std::copy_n(index, count, rows);
    std::fill(rows + count, rows + lanes, index[count - 1]);
    gather(head.q, head.stride, index, count, head.width, q);
    transpose({q, head.width}, count, head.width, head.scale, columns, lanes);
  }

  int64_t first = 0, count = 0, lanes = 0;
  const int32_t* index = nullptr;  // the rows of the queries
  int32_t* rows;                   // the same for whole vectors
  float* self;                     // what each lane scores with itself
  float *q, *columns;              // [count][width] and [width][lanes]
};

// The scores of keys [key, key + strip.keys) of the window.
HWY_ATTR void score(const Strip& strip, const WindowHead& head, const Window& window, int64_t key,
                    const float* keys, const QueryBlock& block) {
  product<ReadA::by_row>({keys + key * head.width, head.width, block.columns, block.lanes, strip.data,
                          strip.stride, head.width, false},
                         strip.keys, block.lanes);
  hide(strip, window.keys + key, block.rows, head.causal, head.shared ? block.self : nullptr);
}

// The running softmax of rows that earlier rounds have begun.
HWY_ATTR void resume(const WindowHead& head, const WindowSums& sums, const QueryBlock& block,
                     const Running& running, float* out) {
  std::fill_n(running.max, block.lanes, std::numeric_limits<float>::lowest());
  std::fill_n(running.sum, block.lanes, 0.0f);
  if (sums.first) return std::fill_n(out, block.count * head.value_width, 0.0f), void();
  for (int64_t i = 0; i < block.count; ++i) {
    running.max[i] = sums.max[block.index[i] * sums.heads];
    running.sum[i] = sums.sum[block.index[i] * sums.heads];
  }
  gather(sums.out, head.value_stride, block.index, block.count, head.value_width, out);
}

// A query that saw nothing but itself.
inline bool saw_itself(const WindowHead& head, float max) { return head.shared && max == kSelfScore; }

// The log of such a query's denominator, without -1e5. Beside that, float32 keeps seven bits of it: two
// rounds give the query 0.9978 of its own value, as the reference's float32 does.
inline float beyond_self(float sum) { return kSelfScore + std::log(sum) - kSelfScore; }

// The reference rounds the log of each round's denominator so before it adds the rounds up. `sum` has grown
// from `before` by the number of times that this round saw the query itself.
inline float add_round(float before, float sum) {
  return before + std::exp(beyond_self(std::round(sum - before)));
}

HWY_ATTR void attend_window(const WindowHead& head, const Window& window, const WindowSums& sums,
                            float* memory) {
  Scratch scratch{memory};
  float* keys = scratch.take(window.key_count * head.width);
  float* values = scratch.take(window.key_count * head.value_width);
  gather(head.k, head.stride, window.keys, window.key_count, head.width, keys);
  gather(head.v, head.value_stride, window.keys, window.key_count, head.value_width, values);
  QueryBlock block(head, scratch);
  std::fill_n(block.self, kQueryBlock, kSelfScore);
  float* scores = scratch.take(kKeyBlock * scratch_stride(kQueryBlock));
  float* out = scratch.take(kQueryBlock * head.value_width);
  const Running running{scratch.take(kQueryBlock), scratch.take(kQueryBlock), scratch.take(kQueryBlock)};
  for (int64_t first = 0; first < window.query_count; first += kQueryBlock) {
    block.load(head, window, first);
    resume(head, sums, block, running, out);
    for (int64_t key = 0; key < window.key_count; key += kKeyBlock) {
      const Strip strip{scores, std::min(kKeyBlock, window.key_count - key), block.lanes,
                        scratch_stride(block.lanes)};
      score(strip, head, window, key, keys, block);
      exponentiate(strip, running);
      if (head.dropout.threshold != 0) drop(strip, head.dropout, first, key);
      multiply_rows(out, block.count, head.value_width, running.correction);
      product<ReadA::by_term>({scores, strip.stride, values + key * head.value_width, head.value_width, out,
                               head.value_width, strip.keys, true},
                              block.count, head.value_width);
    }
    for (int64_t i = 0; i < block.count; ++i) {
      float &max = sums.max[block.index[i] * sums.heads], &sum = sums.sum[block.index[i] * sums.heads];
      const bool alone = saw_itself(head, running.max[i]);
      sum = alone ? add_round(sums.first ? 0 : sum, running.sum[i]) : running.sum[i];
      max = running.max[i];
      const float share = sum == 0 ? 0 : alone ? std::exp(-beyond_self(sum)) : 1 / sum;
      running.correction[i] = head.dropout.kept_scale() * share;
    }
    if (sums.last) multiply_rows(out, block.count, head.value_width, running.correction);
    scatter(out, head.value_width, block.index, block.count, sums.out, head.value_stride);
  }
}

// Each query's log-sum-exp and delta = out . out_grad. A query that saw nothing but itself scores 0 with
// itself here; to the others, what they score with themselves is hidden.
HWY_ATTR void load_sums(const WindowHead& head, const WindowGrad& grad, const QueryBlock& block, float* lse,
                        float* delta) {
  std::fill_n(lse, block.lanes, -kMinusInfinity);  // beyond the last query: probabilities 0
  std::fill_n(delta, block.lanes, 0.0f);
  std::fill_n(block.self, block.lanes, kMinusInfinity);
  for (int64_t i = 0; i < block.count; ++i) {
    const int64_t row = block.index[i];
    const float *out = grad.out + row * head.value_stride,
                *out_grad = grad.out_grad + row * head.value_stride;
    delta[i] = sum_of(head.value_width, [=](int64_t e, auto part) FRUGAL_LAMBDA {
      return hn::Mul(part.load(out + e), part.load(out_grad + e));
    });
    const float max = grad.max[row * grad.heads], sum = grad.sum[row * grad.heads];
    if (saw_itself(head, max)) block.self[i] = 0;
    if (sum > 0) lse[i] = saw_itself(head, max) ? beyond_self(sum) : max + std::log(sum);
  }
}

HWY_ATTR void differentiate_window(const WindowHead& head, const Window& window, const WindowGrad& grad,
                                   float* memory) {
  Scratch scratch{memory};
  const int64_t width = head.width, value_width = head.value_width;
  float *keys = scratch.take(window.key_count * width), *key_grads = scratch.take(window.key_count * width);
  float *values = scratch.take(window.key_count * value_width),
        *value_grads = scratch.take(window.key_count * value_width);
  gather(head.k, head.stride, window.keys, window.key_count, width, keys);
  gather(head.v, head.value_stride, window.keys, window.key_count, value_width, values);
  std::fill_n(key_grads, window.key_count * width, 0.0f);
  std::fill_n(value_grads, window.key_count * value_width, 0.0f);
  QueryBlock block(head, scratch);
  float* out_grad = scratch.take(kQueryBlock * value_width);
  float* out_grad_columns = scratch.take(kQueryBlock * value_width);
  float* q_grad = scratch.take(kQueryBlock * width);
  float* scores = scratch.take(kKeyBlock * scratch_stride(kQueryBlock));
  float* gradients = scratch.take(kKeyBlock * scratch_stride(kQueryBlock));
  float *lse = scratch.take(kQueryBlock), *delta = scratch.take(kQueryBlock),
        *none = scratch.take(kQueryBlock);
  std::fill_n(none, kQueryBlock, 0.0f);
  for (int64_t first = 0; first < window.query_count; first += kQueryBlock) {
    block.load(head, window, first);
    gather(grad.out_grad, head.value_stride, block.index, block.count, value_width, out_grad);
    transpose({out_grad, value_width}, block.count, value_width, 1.0f, out_grad_columns, block.lanes);
    load_sums(head, grad, block, lse, delta);
    std::fill_n(q_grad, block.count * width, 0.0f);
    for (int64_t key = 0; key < window.key_count; key += kKeyBlock) {
      const int64_t n = std::min(kKeyBlock, window.key_count - key), stride = scratch_stride(block.lanes);
      const Strip s{scores, n, block.lanes, stride}, g{gradients, n, block.lanes, stride};
      score(s, head, window, key, keys, block);
      product<ReadA::by_row>({values + key * value_width, value_width, out_grad_columns, block.lanes,
                              gradients, stride, value_width, false},
                             n, block.lanes);
      differentiate(s, g, lse, delta, head.scale, head.dropout, first, key);
      if (head.shared) hide(g, window.keys + key, block.rows, false, none);
      product<ReadA::by_row>({scores, stride, out_grad, value_width, value_grads + key * value_width,
                              value_width, block.count, true},
                             n, value_width);
      product<ReadA::by_row>(
          {gradients, stride, block.q, width, key_grads + key * width, width, block.count, true}, n, width);
      product<ReadA::by_term>({gradients, stride, keys + key * width, width, q_grad, width, n, true},
                              block.count, width);
    }
    scatter_add(q_grad, width, block.index, block.count, grad.q_grad, head.stride);
  }
  scatter_add(key_grads, width, window.keys, window.key_count, grad.k_grad, head.stride);
  scatter_add(value_grads, value_width, window.keys, window.key_count, grad.v_grad, head.value_stride);
}

}  // namespace window_simd

using window_simd::attend_window;
using window_simd::differentiate_window;

}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace frugal {

HWY_EXPORT(attend_window);
HWY_EXPORT(differentiate_window);

WindowForward window_forward() { return FRUGAL_DISPATCH(attend_window); }
WindowBackward window_backward() { return FRUGAL_DISPATCH(differentiate_window); }

namespace {

// What both take: the window's keys and values, a block of queries twice, a strip, six rows of lanes.
size_t common_scratch(int64_t keys, int64_t width, int64_t value_width) {
  return static_cast<size_t>(round_up(keys * width, 16) + round_up(keys * value_width, 16) +
                             kQueryBlock * (2 * width + value_width + 6) +
                             kKeyBlock * scratch_stride(kQueryBlock));
}

}  // namespace

size_t window_scratch(int64_t keys, int64_t width, int64_t value_width) {
  return common_scratch(keys, width, value_width);
}

size_t window_grad_scratch(int64_t keys, int64_t width, int64_t value_width) {
  return common_scratch(keys, width, value_width) +
         static_cast<size_t>(round_up(keys * width, 16) + round_up(keys * value_width, 16) +
                             kQueryBlock * (width + value_width) + kKeyBlock * scratch_stride(kQueryBlock));
}

}  // namespace frugal
#endif

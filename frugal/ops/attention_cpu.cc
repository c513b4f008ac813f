// Kernels of attention: blocks of queries against blocks of keys, forward and backward.
#include <algorithm>

#include "frugal/base/checked.h"
#include "frugal/ops/attention_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frugal/ops/attention_cpu.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "frugal/ops/attention_block-inl.h"
#include "frugal/ops/attention_positions-inl.h"

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {
namespace attention_simd {

// The strip's scores: products and biases, -infinity where a query does not see the key.
template <bool kRelative>
HWY_ATTR void score(const Strip& strip, const AttentionHead& head, Strided<const float> k,
                    const float* queries, const Distances& distances) {
  if constexpr (kRelative) fill_with_bias(strip, distances, head.bias);
  multiply(strip, k, queries, head.width, kRelative);
  hide(strip, distances, head);
}

// The rows of `count` keys or values from position `key`: where they lie if they follow each other, or else
// gathered.
Strided<const float> rows_of(const PositionRows& table, Strided<const float> x, int64_t width, int64_t key,
                             int64_t count, float* gathered) {
  if (!table.rows) return {x.row(key), x.stride};
  const int32_t* rows = table.rows + key;
  if (is_run(rows, count) && rows[0] >= 0 && rows[count - 1] < table.limit) return {x.row(rows[0]), x.stride};
  for (int64_t j = 0; j < count; ++j) std::copy_n(x.row(table.row(key + j)), width, gathered + j * width);
  return {gathered, width};
}

template <bool kRelative>
HWY_ATTR void attend(const AttentionHead& head, int64_t first, int64_t count, Strided<float> all_out,
                     Strided<float> lse, float* scratch) {
  const int64_t lanes = round_up(count, kLanes);
  const QueryPositions<kRelative> positions(head, first, count);
  const KeyRange seen = visible_keys(head, positions, count);
  const Strided<float> out{all_out.row(first), all_out.stride};
  float* queries = scratch;
  float* scores = queries + head.width * kQueryBlock;
  float* state = scores + kKeyBlock * scratch_stride(kQueryBlock);
  const Running running{state, state + kQueryBlock, state + 2 * kQueryBlock};
  float* gathered = state + 3 * kQueryBlock;
  std::fill_n(running.max, lanes, std::numeric_limits<float>::lowest());
  std::fill_n(running.sum, lanes, 0.0f);
  transpose({head.q.row(first), head.q.stride}, count, head.width, head.scale, queries, lanes);
  if (seen.begin == seen.end) clear_rows(out, count, head.value_width);
  for (int64_t key = seen.begin; key < seen.end; key += kKeyBlock) {
    const Strip strip{scores, std::min(kKeyBlock, seen.end - key), lanes, scratch_stride(lanes)};
    score<kRelative>(strip, head, rows_of(head.table, head.k, head.width, key, strip.keys, gathered), queries,
                     distances_of(head, positions, key, strip.keys));
    exponentiate(strip, running);
    if (head.dropout.threshold != 0) drop(strip, head.dropout, first, key);
    if (key > seen.begin) scale_rows(out, count, head.value_width, running.correction);
    const auto v = rows_of(head.table, head.v, head.value_width, key, strip.keys, gathered);
    product<ReadA::by_term>({scores, strip.stride, v.data, v.stride, out.data, out.stride, strip.keys,
                             /*accumulate=*/key > seen.begin},
                            count, head.value_width);
  }
  finish(running, lanes, head.dropout.kept_scale());
  scale_rows(out, count, head.value_width, running.sum);
  for (int64_t i = 0; i < count; ++i) *lse.row(first + i) = running.max[i];
}

// Queries in the outer loop: their transposed blocks are made once, and k_grad and v_grad grow in the order
// of the queries.
template <bool kRelative>
HWY_ATTR void differentiate_all(const AttentionHead& head, const AttentionHeadGrad& grad, float* scratch) {
  float* queries = scratch;
  float* out_grads = queries + head.width * kQueryBlock;
  float* scores = out_grads + head.value_width * kQueryBlock;
  float* gradients = scores + kKeyBlock * scratch_stride(kQueryBlock);
  float* lse = gradients + kKeyBlock * scratch_stride(kQueryBlock);
  float* delta = lse + kQueryBlock;
  for (int64_t first = 0; first < head.queries; first += kQueryBlock) {
    const int64_t count = std::min(kQueryBlock, head.queries - first), lanes = round_up(count, kLanes);
    const int64_t stride = scratch_stride(lanes);
    const QueryPositions<kRelative> positions(head, first, count);
    const KeyRange seen = visible_keys(head, positions, count);
    const Strided<const float> q{head.q.row(first), head.q.stride};
    const Strided<const float> out_grad{grad.out_grad.row(first), grad.out_grad.stride};
    const Strided<float> q_grad{grad.q_grad.row(first), grad.q_grad.stride};
    transpose(q, count, head.width, head.scale, queries, lanes);
    transpose(out_grad, count, head.value_width, 1.0f, out_grads, lanes);
    load_queries(head, grad, first, count, lanes, lse, delta);
    if (seen.begin == seen.end) clear_rows(q_grad, count, head.width);
    for (int64_t key = seen.begin; key < seen.end; key += kKeyBlock) {
      const int64_t block = std::min(kKeyBlock, seen.end - key);
      const Strip s{scores, block, lanes, stride}, g{gradients, block, lanes, stride};
      const Strided<const float> k{head.k.row(key), head.k.stride}, v{head.v.row(key), head.v.stride};
      const Distances distances = distances_of(head, positions, key, block);
      score<kRelative>(s, head, k, queries, distances);
      multiply(g, v, out_grads, head.value_width, false);
      differentiate(s, g, lse, delta, head.scale, head.dropout, first, key);
      if constexpr (kRelative)
        add_bias_gradient(g, distances, head.bias, count, 1 / head.scale, grad.bias_grad);
      product<ReadA::by_row>({scores, stride, out_grad.data, out_grad.stride, grad.v_grad.row(key),
                              grad.v_grad.stride, count, true},
                             block, head.value_width);
      product<ReadA::by_row>(
          {gradients, stride, q.data, q.stride, grad.k_grad.row(key), grad.k_grad.stride, count, true}, block,
          head.width);
      product<ReadA::by_term>({gradients, stride, k.data, k.stride, q_grad.data, q_grad.stride, block,
                               /*accumulate=*/key > seen.begin},
                              count, head.width);
    }
  }
}

HWY_ATTR void attend_block(const AttentionHead& head, int64_t first, int64_t count, Strided<float> out,
                           Strided<float> lse, float* scratch) {
  (head.bias.table ? attend<true> : attend<false>)(head, first, count, out, lse, scratch);
}

HWY_ATTR void attend_gradients(const AttentionHead& head, const AttentionHeadGrad& grad, float* scratch) {
  (head.bias.table ? differentiate_all<true> : differentiate_all<false>)(head, grad, scratch);
}

}  // namespace attention_simd

using attention_simd::attend_block;
using attention_simd::attend_gradients;

}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace frugal {

HWY_EXPORT(attend_block);
HWY_EXPORT(attend_gradients);

AttentionForward attention_forward() { return FRUGAL_DISPATCH(attend_block); }
AttentionBackward attention_backward() { return FRUGAL_DISPATCH(attend_gradients); }

size_t attention_scratch(int64_t width) {
  return static_cast<size_t>(kQueryBlock * (width + 3) + kKeyBlock * scratch_stride(kQueryBlock));
}

size_t attention_grad_scratch(int64_t width, int64_t value_width) {
  return static_cast<size_t>(kQueryBlock * (width + value_width + 2) +
                             2 * kKeyBlock * scratch_stride(kQueryBlock));
}

}  // namespace frugal
#endif

// Kernels of xl_attention: blocks of queries against blocks of keys, forward and backward.
#include <algorithm>

#include "frugal/base/checked.h"
#include "frugal/ops/xl_attention_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frugal/ops/xl_attention_cpu.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "frugal/ops/attention_block-inl.h"
#include "frugal/ops/xl_attention_terms-inl.h"

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {
namespace attention_simd {

HWY_ATTR void xl_attend_block(const XlHead& head, int64_t first, int64_t count, Strided<float> all_out,
                              Strided<float> lse, float* scratch) {
  const XlQueries queries = prepare_queries(head, first, count, scratch);
  const int64_t lanes = queries.lanes;
  const Strided<float> out{all_out.row(first), all_out.stride};
  float* scores = scratch;
  float* state = scores + kKeyBlock * scratch_stride(kQueryBlock);
  float* window_data = state + 3 * kQueryBlock;
  const Running running{state, state + kQueryBlock, state + 2 * kQueryBlock};
  std::fill_n(running.max, lanes, std::numeric_limits<float>::lowest());
  std::fill_n(running.sum, lanes, 0.0f);
  if (head.keys == 0) clear_rows(out, count, head.value_width);
  for (int64_t key = 0; key < head.keys; key += kKeyBlock) {
    const Strip strip{scores, std::min(kKeyBlock, head.keys - key), lanes, scratch_stride(lanes)};
    score(strip, window_of(head, queries, key, strip, window_data), head, queries, key);
    exponentiate(strip, running);
    if (head.dropout.threshold != 0) drop(strip, head.dropout, first, key);
    if (key > 0) scale_rows(out, count, head.value_width, running.correction);
    const Strided<const float> v{head.v.row(key), head.v.stride};
    product<ReadA::by_term>({scores, strip.stride, v.data, v.stride, out.data, out.stride, strip.keys,
                             /*accumulate=*/key > 0},
                            count, head.value_width);
  }
  finish(running, lanes, head.dropout.kept_scale());
  scale_rows(out, count, head.value_width, running.sum);
  for (int64_t i = 0; i < count; ++i) *lse.row(first + i) = running.max[i];
}

// As attention's: queries in the outer loop, so that all sums grow in the order of the queries.
HWY_ATTR void xl_attend_gradients(const XlHead& head, const XlHeadGrad& grad, float* all_scratch) {
  const int64_t width = head.width;
  for (int64_t first = 0; first < head.queries; first += kQueryBlock) {
    const int64_t count = std::min(kQueryBlock, head.queries - first);
    float* scratch = all_scratch;
    const XlQueries queries = prepare_queries(head, first, count, scratch);
    const int64_t lanes = queries.lanes, stride = scratch_stride(lanes);
    XlQueryGradients query_grads{scratch, scratch + width * kQueryBlock};
    std::fill_n(query_grads.content, 2 * width * kQueryBlock, 0.0f);
    float* out_grads = query_grads.position + width * kQueryBlock;
    float* scores = out_grads + head.value_width * kQueryBlock;
    float* gradients = scores + kKeyBlock * scratch_stride(kQueryBlock);
    float* lse = gradients + kKeyBlock * scratch_stride(kQueryBlock);
    float* delta = lse + kQueryBlock;
    float* window_data = delta + kQueryBlock;
    const Strided<const float> out_grad{grad.out_grad.row(first), grad.out_grad.stride};
    transpose(out_grad, count, head.value_width, 1.0f, out_grads, lanes);
    load_queries(head, grad, first, count, lanes, lse, delta);
    for (int64_t key = 0; key < head.keys; key += kKeyBlock) {
      const int64_t block = std::min(kKeyBlock, head.keys - key);
      const Strip s{scores, block, lanes, stride}, g{gradients, block, lanes, stride};
      const Window window = window_of(head, queries, key, s, window_data);
      const Strided<const float> k{head.k.row(key), head.k.stride}, v{head.v.row(key), head.v.stride};
      score(s, window, head, queries, key);
      multiply(g, v, out_grads, head.value_width, false);
      differentiate(s, g, lse, delta, head.scale, head.dropout, first, key);
      product<ReadA::by_row>({scores, stride, out_grad.data, out_grad.stride, grad.v_grad.row(key),
                              grad.v_grad.stride, count, true},
                             block, head.value_width);
      product<ReadA::by_row>({gradients, stride, queries.content_rows, width, grad.k_grad.row(key),
                              grad.k_grad.stride, count, true},
                             block, width);
      product<ReadA::by_term>({gradients, stride, k.data, k.stride, query_grads.content, width, block, true},
                              count, width);
      add_segment_gradients(g, head, queries, key, query_grads.same, query_grads.other);
      spread(g, window, head, queries, key);
      product<ReadA::by_row>({window_data, stride, queries.position_rows, width,
                              grad.r_grad.row(window.first), grad.r_grad.stride, count, true},
                             window.strip.keys, width);
      product<ReadA::by_term>({window_data, stride, head.r.row(window.first), head.r.stride,
                               query_grads.position, width, window.strip.keys, true},
                              count, width);
    }
    finish_queries(head, grad, queries, query_grads);
  }
}

}  // namespace attention_simd

using attention_simd::xl_attend_block;
using attention_simd::xl_attend_gradients;

}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace frugal {

HWY_EXPORT(xl_attend_block);
HWY_EXPORT(xl_attend_gradients);

XlForward xl_attention_forward() { return FRUGAL_DISPATCH(xl_attend_block); }
XlBackward xl_attention_backward() { return FRUGAL_DISPATCH(xl_attend_gradients); }

// A window is no larger than the table. With positions that follow each other it has no more than 48 + 128
// rows, and of the rest nothing is touched.
size_t xl_attention_scratch(int64_t width, int64_t distances) {
  return static_cast<size_t>(kQueryBlock * (4 * width + 3) +
                             (kKeyBlock + distances) * scratch_stride(kQueryBlock));
}

size_t xl_attention_grad_scratch(int64_t width, int64_t value_width, int64_t distances) {
  return static_cast<size_t>(kQueryBlock * (6 * width + value_width + 2) +
                             (2 * kKeyBlock + distances) * scratch_stride(kQueryBlock));
}

}  // namespace frugal
#endif

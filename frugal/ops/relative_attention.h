// relative_attention: attention whose scores have a bias for each head and distance (T5: Raffel et al. 2020;
// Shaw et al. 2018).
//
//   p_ij = softmax over j of (scale q[i].k[j] + bias[head, k_positions[j] - q_positions[i]])
//
// bias F32[heads, 2 * max_distance + 1] is a row for each head from distance -max_distance to max_distance;
// distances beyond are cut to that. (Exact for T5, whose last bucket has begun at its max_distance; see
// bucketed_bias.h.) q_positions I32[Tq] and k_positions I32[Tk] are the rows' positions in their sequences,
// in [0, 2^30), rising within a sequence; they may have gaps where rows were left out, but are fastest where
// they have none. Causality and window go by positions too: a query sees the keys at distances (-window, 0].
// So rows may be dropped from the queries.
//
// The rest is as attention.h says; the scale may not be 0. The bias has a gradient, summed in a fixed order:
// within a sequence by its blocks, then from the first sequence to the last.
#pragma once

#include "frugal/ops/attention.h"

namespace frugal {

struct RelativePositions {
  Value bias, q_positions, k_positions;
};
Value relative_attention(Value q, Value k, Value v, Value q_offsets, Value k_offsets,
                         const RelativePositions& positions, const AttentionOptions& options,
                         Value random = {});

// Inputs q, k, v, q_offsets, k_offsets[, random], bias, q_positions, k_positions; outputs out and lse.
struct RelativeAttention : Op {
  explicit RelativeAttention(AttentionOptions o) : options(o) {}
  const AttentionOptions options;

  std::string_view name() const override { return "relative_attention"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

// Inputs those of relative_attention, then out, lse and out's gradient; outputs the gradients of q, k, v and
// the bias, and a workspace F32[sequences, heads, 2 * max_distance + 1].
struct RelativeAttentionGrad : Op {
  explicit RelativeAttentionGrad(AttentionOptions o) : options(o) {}
  const AttentionOptions options;

  std::string_view name() const override { return "relative_attention_grad"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

}  // namespace frugal

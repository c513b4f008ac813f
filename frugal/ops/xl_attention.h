// xl_attention: attention whose scores know the distance of a query and a key, and whether both belong to one
// segment (Transformer-XL: Dai et al. 2019, arXiv 1901.02860; XLNet: Yang et al. 2019, arXiv 1906.08237).
//
//   score_ij = scale ((q_i + content_bias) . k_j + (q_i + position_bias) . r[back + d_ij]
//                     + (q_i + segment_bias) . segments[types differ])
//   out_i    = sum_j p_ij v_j,  p_i = softmax of score_i over the keys that i sees
//
// for every head and every sequence, as attention.h says; d_ij is the query's position minus the key's. A
// distance beyond the table r takes its first or last row. A query that sees no key although its sequence has
// some gives all of them the same weight and, as the published models were trained, passes gradients to their
// scores.
//
// What a query sees, all of these together:
//   causal   keys at distances >= 0
//   window   with causal: keys at distances < window
//   hidden   keys j with hidden[query][j - memory] == 0; the first `memory` keys of a sequence are never
//            hidden
#pragma once

#include "frugal/ops/attention.h"

namespace frugal {

struct XlAttentionOptions : AttentionOptions {
  int64_t back = 0;    // the row of r that belongs to distance 0
  int64_t memory = 0;  // see `hidden`
};

// D is the size of a head, Tq and Tk the rows of q and k.
struct XlTerms {
  Value r;                                          // F32[M, heads * D], a row a distance
  Value content_bias, position_bias, segment_bias;  // F32[heads, D]
  Value segments;                                   // F32[2, heads, D]: of one segment, of two
  Value q_positions, q_types;                       // I32[Tq], positions in (-2^30, 2^30)
  Value k_positions, k_types;                       // I32[Tk]
  Value hidden;                                     // U8[Tq, W]; may be empty: nothing is hidden
};

// q F32[Tq, heads * D], k F32[Tk, heads * D], v F32[Tk, heads * Dv], offsets I32[sequences + 1]; random
// I64[2] = {seed, step}, or empty without dropout. Gives out F32[Tq, heads * Dv]; output 1 is the log-sum-exp
// F32[Tq, heads]. All that is F32 has a gradient; those of r and the biases are sums over the sequences in an
// order that the number of sequences alone fixes.
Value xl_attention(Value q, Value k, Value v, Value q_offsets, Value k_offsets, const XlTerms& terms,
                   const XlAttentionOptions& options, Value random = {});

// Inputs q, k, v, q_offsets, k_offsets, random or empty, then the terms in the order of XlInput.
struct XlAttention : Op {
  explicit XlAttention(XlAttentionOptions o) : options(o) {}
  const XlAttentionOptions options;

  std::string_view name() const override { return "xl_attention"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

enum XlInput : uint8_t {
  kXlRandom = 5,
  kXlTable,
  kXlContentBias,
  kXlPositionBias,
  kXlSegmentBias,
  kXlSegments,
  kXlQueryPositions,
  kXlKeyPositions,
  kXlQueryTypes,
  kXlKeyTypes,
  kXlHidden,
  kXlInputs
};

// Inputs those of xl_attention, then out, lse and out's gradient; outputs the gradients of q, k and v, then
// those of r and the three biases, F32[groups, their size], and of the segments, a row for each group of
// sequences.
struct XlAttentionGrad : Op {
  explicit XlAttentionGrad(XlAttentionOptions o) : options(o) {}
  const XlAttentionOptions options;

  std::string_view name() const override { return "xl_attention_grad"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

}  // namespace frugal

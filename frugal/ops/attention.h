// attention: exact multi-head attention over packed sequences; the score matrix is never stored.
//
//   out[i] = sum_j p_ij v[j],  p_i = softmax_j(scale q[i].k[j])     (Vaswani et al. 2017)
//
// for every head and every sequence s: queries i in [q_offsets[s], q_offsets[s+1]), keys j in [k_offsets[s],
// k_offsets[s+1]). Keys are taken in blocks with a running maximum and sum (Milakov & Gimelshein 2018), and
// the backward pass rebuilds p from the saved log-sum-exp (Dao et al. 2022), so memory beyond the inputs and
// outputs is a fixed amount a thread, whatever the lengths. A sequence's bits depend on neither the other
// sequences of the batch nor the number of threads.
#pragma once

#include <cstdint>

#include "frugal/graph/graph.h"

namespace frugal {

struct AttentionOptions {
  int heads = 1;
  float scale = 1;      // usually 1 / sqrt(head size)
  bool causal = false;  // query i of a sequence sees keys 0 .. n = i + (its keys - its queries)
  // With causal only: at most `window` keys, n - window + 1 .. n, as in the locally banded layers of Sparse
  // Transformers (Child et al. 2019) and GPT-3; 0: all. Blocks of keys that no query of a block sees are
  // skipped, so time grows with the window, not with the length.
  int64_t window = 0;
  float dropout = 0;  // share of the probabilities dropped, in [0, 1); the others are scaled up
  uint64_t site = 0;  // names this use's random numbers: hash_of(module path)
  // Upper bound of a sequence's length. It only prices the node (Op::work): a longer sequence is computed all
  // the same.
  int64_t longest = 1;
};

// q F32[Tq, heads * D], k F32[Tk, kv_heads * D], v F32[Tk, kv_heads * Dv], offsets I32[sequences + 1],
// rising; random I64[2] = {seed, step}, or empty without dropout. kv_heads is what k's width says and divides
// heads: query head h reads key head h / (heads / kv_heads).
//
// Gives out F32[Tq, heads * Dv]; the node's output 1 is lse F32[Tq, heads], the log of each softmax's
// denominator. Rows outside all sequences, and queries that see no key, get out 0 and lse -infinity.
// Offsets that fall or reach outside the tensors give unspecified numbers, but no access outside the tensors.
Value attention(Value q, Value k, Value v, Value q_offsets, Value k_offsets, const AttentionOptions& options,
                Value random = {});

// Inputs q, k, v, q_offsets, k_offsets[, random].
struct Attention : Op {
  explicit Attention(AttentionOptions o) : options(o) {}
  const AttentionOptions options;

  std::string_view name() const override { return "attention"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

// Inputs those of attention, then out, lse and out's gradient; outputs the gradients of q, k and v. Rows that
// belong to no sequence get 0.
struct AttentionGrad : Op {
  explicit AttentionGrad(AttentionOptions o) : options(o) {}
  const AttentionOptions options;

  std::string_view name() const override { return "attention_grad"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

}  // namespace frugal

// half_attention: attention in 16 bits, for models that compute in int8: in half precision (IEEE binary16)
// with AVX512-FP16, in integers with AVX2.
//
// Such a model rounds what goes into its products to 8 bits; halves have 11, and the integers 12. With
// AVX512-FP16 this runs 2.7 times as fast as attention in float (12 heads of 32, 512 tokens). Sums that grow
// long are kept in float, so the error does not grow with the length: 0.2 to 0.6 % of out's root mean square
// for normal q, k and v.
//
// A sequence's bits depend on neither the other sequences of the batch nor the number of threads. A query
// that leaves the kernel's range anywhere (halves: 6e4; integers: elements so large that the others have too
// few bits) is computed in float, and so are sequences of few keys.
#pragma once

#include "frugal/ops/attention.h"

namespace frugal {

// Whether this instruction set has such a kernel.
bool has_half_attention(Isa isa);
// Whether it can take the place of attention with these options: no causality, no dropout.
bool halves_can_do(const AttentionOptions& options);

// Inputs q, k, v, q_offsets, k_offsets as those of attention; output out, without the log-sum-exp.
struct HalfAttention : Op {
  explicit HalfAttention(AttentionOptions o) : options(o) {}
  const AttentionOptions options;

  std::string_view name() const override { return "half_attention"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

}  // namespace frugal

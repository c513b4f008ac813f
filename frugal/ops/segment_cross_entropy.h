// segment_cross_entropy: softmax over each sequence's own rows; the loss of picking one of them (the start or
// end of an answer span, the right one of several choices).
//
// x[T], offsets I32[S+1] (0 <= offsets[0] <= ... <= offsets[S] <= T), labels I32[S]: the row within the
// sequence. A label outside [0, length) is ignored; the loss is the mean over the other sequences, 0 when
// there is none. Outputs: the loss (scalar), log-sum-exp [S] for the gradient, and a workspace of losses [S].
// segment_cross_entropy_grad(x, offsets, labels, lse, dloss): dx[T].
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value segment_cross_entropy(Value x, Value offsets, Value labels);

struct SegmentCrossEntropy : Op {
  std::string_view name() const override { return "segment_cross_entropy"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

struct SegmentCrossEntropyGrad : Op {
  std::string_view name() const override { return "segment_cross_entropy_grad"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

}  // namespace frugal

// cross_entropy: the mean of -log softmax(logits)[label] over the rows of logits[N,C] that have a label.
//
// labels I32[N]; a row whose label is negative (or not below C) is ignored. With label smoothing e the target
// is 1 - e at the label plus e / C everywhere, as in PyTorch. With no labelled row the loss and its gradient
// are 0 (PyTorch: NaN), so that a batch without a masked token is harmless.
// Outputs: the loss (scalar), log-sum-exp [N] for the gradient, and a workspace of row losses [N].
// cross_entropy_grad(logits, labels, lse, dloss): dlogits[N,C].
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value cross_entropy(Value logits, Value labels, float label_smoothing = 0);

struct CrossEntropy : Op {
  explicit CrossEntropy(float smoothing) : smoothing(smoothing) {}
  std::string_view name() const override { return "cross_entropy"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  float smoothing;
};

struct CrossEntropyGrad : Op {
  explicit CrossEntropyGrad(float smoothing) : smoothing(smoothing) {}
  std::string_view name() const override { return "cross_entropy_grad"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int in_place_input() const override { return 0; }
  float smoothing;
};

}  // namespace frugal

// bce_with_logits: binary cross-entropy of sigmoid(logits) against targets in [0, 1], both [N,C]; the
// weighted mean over rows (weights[N] >= 0) of the mean over columns; 0 when all weights are 0. Multi-label
// classification and replaced-token detection. Outputs: the loss (scalar) and a workspace of row losses [N].
// bce_with_logits_grad(logits, targets, weights, dloss): dlogits[N,C]. No gradient to targets and weights.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value bce_with_logits(Value logits, Value targets, Value weights);

struct BceWithLogits : Op {
  std::string_view name() const override { return "bce_with_logits"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

struct BceWithLogitsGrad : Op {
  std::string_view name() const override { return "bce_with_logits_grad"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int in_place_input() const override { return 0; }
};

}  // namespace frugal

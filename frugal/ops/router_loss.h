// router_loss: what keeps the experts of a stack evenly used, from the router logits F32[T,E] of its L sparse
// layers and the sequences' offsets I32[S+1]; a scalar,
//
//   balance_weight * E * mean over sequences of sum_e f_e P_e  +  z_weight * mean over tokens of lse^2
//
// f_e is the share of a sequence's tokens whose largest logit is expert e's (the first among equals, before
// any capacity) and P_e the mean of e's softmax, both over the sequence's tokens in all L layers together
// (Fedus et al., "Switch Transformers", 2021, equations 4-6); lse is the log-sum-exp of a token's logits,
// again over all layers (Zoph et al., "ST-MoE", 2022). f has no gradient. Layers are pooled, not averaged,
// because Hugging Face Transformers lays them end to end as one longer sequence. Padding does not exist, so
// it counts nowhere.
//
// Output 1 is f [S,E] for the gradient, output 2 a workspace.
// router_loss_grad(logits of one layer, offsets, f, dloss): that layer's gradient.
#pragma once

#include <vector>

#include "frugal/graph/graph.h"

namespace frugal {

struct RouterLossWeights {
  float balance = 0, z = 0;
};

// One or more layers.
Value router_loss(const std::vector<Value>& logits, Value offsets, RouterLossWeights weights);

// Inputs offsets, then each layer's logits.
struct RouterLoss : Op {
  explicit RouterLoss(RouterLossWeights weights) : weights(weights) {}
  std::string_view name() const override { return "router_loss"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  RouterLossWeights weights;
};

struct RouterLossGrad : Op {
  RouterLossGrad(RouterLossWeights weights, int64_t layers) : weights(weights), layers(layers) {}
  std::string_view name() const override { return "router_loss_grad"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  RouterLossWeights weights;
  int64_t layers;
};

}  // namespace frugal

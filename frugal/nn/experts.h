// A feed-forward layer of experts, of which each token visits one (Fedus, Zoph & Shazeer, "Switch
// Transformers", 2021).
#pragma once

#include "frugal/nn/net.h"

namespace frugal {

struct ExpertsConfig {
  int64_t count = 1, inner = 1;
  int64_t capacity = 0;  // tokens of one sequence that an expert takes; the others get zeros
  Activation activation = Activation::relu;
  bool router_bias = false;
  double jitter = 0, dropout = 0;  // in training: of the router's input, of the inner layer
};

struct Experts {
  Value output;         // F32[T,H]: p * expert(x), zeros for a token that no expert took
  Value router_logits;  // F32[T,count]
};

// x F32[T,H], the rows of sequences at `offsets`. Weights: at.router.classifier.weight [count,H] (and .bias),
// at.experts.expert_<e>.wi.weight [inner,H] and .wo.weight [H,inner].
Experts experts(Net& net, const Scope& at, Value x, Value offsets, const ExpertsConfig& config);

}  // namespace frugal

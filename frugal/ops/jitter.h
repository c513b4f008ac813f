// jitter: each element times a number drawn evenly from [1 - noise, 1 + noise): what a Switch Transformer's
// router sees in training, so that it explores (Fedus et al., 2021, section 2.4).
//
// `random` is I64[2] = {seed, step}. The factors are a pure function of (seed, step, site, element's index),
// so nothing is stored: the gradient is the same jitter of dy. `site` names the place in the model.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

// noise in [0, 1); 0 gives x itself. Throws Error for any other.
Value jitter(Value x, Value random, float noise, uint64_t site);

struct Jitter : Op {
  Jitter(float noise, uint64_t site) : noise(noise), site(site) {}
  std::string_view name() const override { return "jitter"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int in_place_input() const override { return 0; }
  float noise;
  uint64_t site;
};

}  // namespace frugal

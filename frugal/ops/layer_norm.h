// layer_norm: each row of x[T,H] to mean 0 and variance 1, then times gamma[H] plus beta[H] (Ba et al.,
// "Layer normalization", 2016). Outputs y[T,H], and mean[T] and 1 / sqrt(variance + eps) [T] for the
// gradient.
// layer_norm_grad(x, gamma, dy, mean, rstd): dx[T,H], dgamma[H], dbeta[H], and a workspace of block sums.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value layer_norm(Value x, Value gamma, Value beta, float eps);

struct LayerNorm : Op {
  explicit LayerNorm(float eps) : eps(eps) {}
  std::string_view name() const override { return "layer_norm"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int in_place_input() const override { return 0; }
  std::vector<int> row_inputs() const override { return {0}; }
  float eps;
};

struct LayerNormGrad : Op {
  std::string_view name() const override { return "layer_norm_grad"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int in_place_input() const override { return 2; }
};

}  // namespace frugal

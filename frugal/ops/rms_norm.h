// rms_norm: each row of x[T,H] divided by its root mean square, sqrt(mean(x^2) + eps), times gamma[H] (Zhang
// & Sennrich, "Root mean square layer normalization", 2019; T5's layer norm). Outputs y[T,H] and the inverse
// root mean square [T] for the gradient.
// rms_norm_grad(x, gamma, dy, rstd): dx[T,H], dgamma[H], and a workspace of block sums.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value rms_norm(Value x, Value gamma, float eps);

struct RmsNorm : Op {
  explicit RmsNorm(float eps) : eps(eps) {}
  std::string_view name() const override { return "rms_norm"; }
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

struct RmsNormGrad : Op {
  std::string_view name() const override { return "rms_norm_grad"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int in_place_input() const override { return 2; }
};

}  // namespace frugal

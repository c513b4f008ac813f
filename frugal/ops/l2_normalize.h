// l2_normalize: each row of x[N,H] divided by its Euclidean length, or by eps where that is larger. Output 1
// is the divisor [N].
// l2_normalize_grad(y, dy, divisor): dx[N,H].
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value l2_normalize(Value x, float eps = 1e-12f);

struct L2Normalize : Op {
  explicit L2Normalize(float eps) : eps(eps) {}
  std::string_view name() const override { return "l2_normalize"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int in_place_input() const override { return 0; }
  float eps;
};

struct L2NormalizeGrad : Op {
  explicit L2NormalizeGrad(float eps) : eps(eps) {}
  std::string_view name() const override { return "l2_normalize_grad"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int in_place_input() const override { return 1; }
  float eps;
};

}  // namespace frugal

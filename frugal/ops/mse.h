// mse: the weighted mean over rows, and the mean over columns, of (a - b)^2 for a, b [N,C] and weights[N]
// >= 0; 0 when all weights are 0. Outputs: the loss (scalar) and a workspace of row losses [N].
// mse_grad(a, b, weights, dloss): da[N,C]; db is -da. No gradient to the weights.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value mse(Value a, Value b, Value weights);

struct Mse : Op {
  std::string_view name() const override { return "mse"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

struct MseGrad : Op {
  std::string_view name() const override { return "mse_grad"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int in_place_input() const override { return 0; }
};

}  // namespace frugal

// add: elementwise sum of two tensors of the same shape; residual connections and meeting gradients.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value add(Value a, Value b);

struct Add : Op {
  std::string_view name() const override { return "add"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int in_place_input() const override { return 0; }
  std::vector<int> row_inputs() const override { return {0, 1}; }
};

}  // namespace frugal

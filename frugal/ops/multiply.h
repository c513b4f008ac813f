// multiply: elementwise product of two tensors of the same shape; gated feed-forward layers (Shazeer, "GLU
// variants improve Transformer", 2020).
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value multiply(Value a, Value b);

struct Multiply : Op {
  std::string_view name() const override { return "multiply"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int in_place_input() const override { return 0; }
  std::vector<int> row_inputs() const override { return {0, 1}; }
};

}  // namespace frugal

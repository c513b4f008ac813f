// scale: factor * x; weighted_sum: wa * a + wb * b of two tensors of one shape (several losses into one).
// F32, any shape.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value scale(Value x, float factor);  // factor 1 gives x itself
Value weighted_sum(Value a, float wa, Value b, float wb);

struct Scale : Op {
  explicit Scale(float factor) : factor(factor) {}
  std::string_view name() const override { return "scale"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int in_place_input() const override { return 0; }
  float factor;
};

struct WeightedSum : Op {
  WeightedSum(float wa, float wb) : wa(wa), wb(wb) {}
  std::string_view name() const override { return "weighted_sum"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int in_place_input() const override { return 0; }
  float wa, wb;
};

}  // namespace frugal

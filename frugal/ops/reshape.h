// reshape: the same elements, in the same order, under another shape; a view, nothing is copied.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value reshape(Value x, Shape shape);

struct Reshape : Op {
  explicit Reshape(Shape shape) : shape(std::move(shape)) {}
  std::string_view name() const override { return "reshape"; }
  std::string attributes() const override { return to_string(shape); }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Work work(std::span<const TensorType>, std::span<const TensorType>) const override { return {}; }
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  bool is_view() const override { return true; }
  Shape shape;
};

}  // namespace frugal

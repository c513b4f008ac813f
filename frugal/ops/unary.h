// unary: an activation function of each element, out = f(x), any shape.
// unary_grad: dx = dy f'(x).
#pragma once

#include "frugal/graph/graph.h"
#include "frugal/ops/activation.h"

namespace frugal {

Value unary(Value x, Activation f);  // Activation::none gives x itself
Value unary_grad(Value x, Value dy, Activation f);

struct Unary : Op {
  explicit Unary(Activation f) : f(f) {}
  std::string_view name() const override { return "unary"; }
  std::string attributes() const override { return std::string(name_of(f)); }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int in_place_input() const override { return 0; }
  std::vector<int> row_inputs() const override { return {0}; }
  Activation f;
};

struct UnaryGrad : Op {
  explicit UnaryGrad(Activation f) : f(f) {}
  std::string_view name() const override { return "unary_grad"; }
  std::string attributes() const override { return std::string(name_of(f)); }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int in_place_input() const override { return 1; }
  Activation f;
};

}  // namespace frugal

// column: out[t] = x[t, j] for x[T,C]; span heads read their two columns with it.
// column_grad(dy[T], j, C): [T,C] with dy in column j and zeros elsewhere.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value column(Value x, int64_t j);

struct Column : Op {
  explicit Column(int64_t j) : j(j) {}
  std::string_view name() const override { return "column"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int64_t j;
};

struct ColumnGrad : Op {
  ColumnGrad(int64_t j, int64_t columns) : j(j), columns(columns) {}
  std::string_view name() const override { return "column_grad"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int64_t j, columns;
};

}  // namespace frugal

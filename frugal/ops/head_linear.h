// Products head by head, for attention of lone queries (passes/lone_queries.h): a weight of rows [heads * D]
// is cut into the rows of each head, and each head's columns of the left matrix meet these rows alone.
//
//   head_linear     x[N, heads * D] -> [N, heads * W]:  out_h = x_h w_h,        w[heads * D, W]
//   head_linear_t   x[N, heads * W] -> [N, heads * D]:  out_h = x_h w_h^T (+ bias[heads * D])
//   head_outer      x[N, heads * D], y[N, heads * W] -> [heads * D, W]:  rows of head h: x_h^T y_h
//
// x_h is x's columns of head h, w_h the D rows of w that belong to it. F32, in every program. An element is
// one chain of fused multiply-adds over its terms, so a row's bits depend on neither the others nor the
// number of threads.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value head_linear(Value x, Value w, int heads);
Value head_linear_t(Value x, Value w, Value bias, int heads);  // the bias may be empty

struct HeadLinear : Op {
  HeadLinear(int heads, bool transposed) : heads(heads), transposed(transposed) {}
  std::string_view name() const override { return "head_linear"; }
  std::string attributes() const override;
  // Inputs: x, w, and for a transposed one the bias or empty.
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  std::vector<int> row_inputs() const override { return {0}; }
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int heads;
  bool transposed;
};

// The gradient of w.
struct HeadOuter : Op {
  explicit HeadOuter(int heads) : heads(heads) {}
  std::string_view name() const override { return "head_outer"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int heads;
};

}  // namespace frugal

// sum_rows: the sum of x[T,N] over its rows, [N]: the gradient of a bias. Output 1 is a workspace of block
// sums (frugal/ops/row_sums.h gives the order). No gradient.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value sum_rows(Value x);

struct SumRows : Op {
  std::string_view name() const override { return "sum_rows"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

}  // namespace frugal

// scale_rows: out[t] = x[t] * w[t] for x F32[T,H] and w F32[T]; an expert's output times its router
// probability.
// row_dots: out[t] = a[t] . b[t] for two F32[T,H], the gradient of w. It has no gradient itself.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value scale_rows(Value x, Value w);
Value row_dots(Value a, Value b);

struct ScaleRows : Op {
  std::string_view name() const override { return "scale_rows"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int in_place_input() const override { return 0; }
};

struct RowDots : Op {
  std::string_view name() const override { return "row_dots"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

}  // namespace frugal

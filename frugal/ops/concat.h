// concat: matrices one under the other (axis 0) or side by side (axis 1); split: the same matrices back. Each
// is the other's gradient. F32 of rank 2; the other dimension is the same in all.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value concat(const std::vector<Value>& parts, int axis);
// `sizes` of the parts along the axis; they add up to x's.
std::vector<Value> split(Value x, const std::vector<int64_t>& sizes, int axis);

struct Concat : Op {
  Concat(int axis, int parts) : axis(axis), parts(parts) {}
  std::string_view name() const override { return "concat"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  std::vector<int> row_inputs() const override;
  int axis, parts;
};

struct Split : Op {
  Split(int axis, std::vector<int64_t> sizes) : axis(axis), sizes(std::move(sizes)) {}
  std::string_view name() const override { return "split"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  std::vector<int> row_inputs() const override;
  int axis;
  std::vector<int64_t> sizes;
};

}  // namespace frugal

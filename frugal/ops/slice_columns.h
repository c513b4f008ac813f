// slice_columns: out[t] = x[t, begin : begin + width] for x[T,C]; parts a joint projection into query, key
// and value. place_columns(dy[T,width], begin, C): its gradient, [T,C] with dy in those columns and zeros
// elsewhere.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value slice_columns(Value x, int64_t begin, int64_t width);

struct SliceColumns : Op {
  SliceColumns(int64_t begin, int64_t width) : begin(begin), width(width) {}
  std::string_view name() const override { return "slice_columns"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  std::vector<int> row_inputs() const override { return {0}; }
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int64_t begin, width;
};

struct PlaceColumns : Op {
  PlaceColumns(int64_t begin, int64_t columns) : begin(begin), columns(columns) {}
  std::string_view name() const override { return "place_columns"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int64_t begin, columns;
};

}  // namespace frugal

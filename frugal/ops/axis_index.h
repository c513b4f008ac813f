// axis_index: the index along one axis of positions that are laid out in a grid, row by row: position /
// stride % size, and -1 for what is negative ("no token"). I32[T] to I32[T]. Axial position embeddings
// (Kitaev et al. 2020, appendix D) look one axis up at a time.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value axis_index(Value positions, int64_t stride, int64_t size);

struct AxisIndex : Op {
  AxisIndex(int64_t stride, int64_t size) : stride(stride), size(size) {}
  std::string_view name() const override { return "axis_index"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int64_t stride, size;
};

}  // namespace frugal

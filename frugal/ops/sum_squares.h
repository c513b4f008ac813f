// sum_squares: the sum of squares over all elements of any number of F32 tensors, a scalar: the square of the
// gradient's global norm. Output 1 is a workspace. No gradient.
// clip_scale: min(1, max_norm / (sqrt(sum of squares) + 1e-6)), as torch.nn.utils.clip_grad_norm_ scales.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value sum_squares(std::vector<Value> inputs);  // at least one
Value clip_scale(Value sum_of_squares, float max_norm);

struct SumSquares : Op {
  std::string_view name() const override { return "sum_squares"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

struct ClipScale : Op {
  explicit ClipScale(float max_norm) : max_norm(max_norm) {}
  std::string_view name() const override { return "clip_scale"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  float max_norm;
};

}  // namespace frugal

// segment_mean: the mean of each sequence's rows, x[T,H] and offsets I32[S+1] -> [S,H]; an empty sequence
// gives zeros. 0 <= offsets[0] <= ... <= offsets[S] <= T; rows outside all sequences are not read.
// segment_mean_grad(dy[S,H], offsets, T): dx[T,H], zero for rows outside all sequences.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value segment_mean(Value x, Value offsets);

struct SegmentMean : Op {
  std::string_view name() const override { return "segment_mean"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

struct SegmentMeanGrad : Op {
  explicit SegmentMeanGrad(int64_t rows) : rows(rows) {}
  std::string_view name() const override { return "segment_mean_grad"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int64_t rows;
};

}  // namespace frugal

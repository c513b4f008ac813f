// segment_top: a softmax over each sequence's own rows, and the rows with the largest shares: where an answer
// may begin or end.
//
// x F32[T, N] has N columns that are taken one by one; offsets I32[S+1] say which rows belong to which
// sequence, positions I32[T] what a row is called. Outputs:
//   0  the shares F32[T, N], 0 in rows of no sequence
//   1  the `count` largest of each sequence and column F32[S, count, N], falling; the earlier of equal ones
//      comes first
//   2  their rows' positions I32[S, count, N], and 3 the rows themselves
// A sequence of fewer rows ends in shares of 0, positions and rows -1. Offsets are cut to x. No gradient.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

struct SegmentTopValues {
  Value shares, largest, positions, rows;
};
SegmentTopValues segment_top(Value x, Value offsets, Value positions, int64_t count);

struct SegmentTop : Op {
  explicit SegmentTop(int64_t count) : count(count) {}
  std::string_view name() const override { return "segment_top"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int64_t count;
};

// out F32[S, H]: the sums over each sequence's rows of w[t] x[t], for x[T, H], w[T, 1] and offsets I32[S+1].
// No gradient.
Value segment_weighted_sum(Value x, Value w, Value offsets);

struct SegmentWeightedSum : Op {
  std::string_view name() const override { return "segment_weighted_sum"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

}  // namespace frugal

// compact_rows: the gradient of an embedding without its untouched rows.
//
// From ids I32[T] and dy[T,H]: rows[T,H] and slots I32[T]. At the first t of each id, rows[t] is the sum of
// dy over all positions of that id in the order of t, and slots[t] is the id; elsewhere, and for negative
// ids, the row is zero and the slot -1. Output 2 is a workspace.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

struct RowGradient {
  Value rows, slots;
};
RowGradient compact_rows(Value ids, Value dy);

struct CompactRows : Op {
  std::string_view name() const override { return "compact_rows"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

}  // namespace frugal

// shift_ids: out = ids + by, and -1 where ids are negative ("no token"): rows of a table that begin
// elsewhere, as the position tables of RoBERTa and BART do.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value shift_ids(Value ids, int32_t by);

struct ShiftIds : Op {
  explicit ShiftIds(int32_t by) : by(by) {}
  std::string_view name() const override { return "shift_ids"; }
  std::string attributes() const override { return std::to_string(by); }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<int> row_inputs() const override { return {0}; }
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int32_t by;
};

}  // namespace frugal

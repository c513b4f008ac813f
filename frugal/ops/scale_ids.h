// scale_ids: out = ids * by: offsets of rows that were each cut into `by` rows. I32[N].
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value scale_ids(Value ids, int32_t by);

struct ScaleIds : Op {
  explicit ScaleIds(int32_t by) : by(by) {}
  std::string_view name() const override { return "scale_ids"; }
  std::string attributes() const override { return std::to_string(by); }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int32_t by;
};

}  // namespace frugal

// skip_id: token ids with one of them replaced by -1, "no token": the reference gives a table's padding row
// no gradient, though the forward pass reads it.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value skip_id(Value ids, int32_t id);

struct SkipId : Op {
  explicit SkipId(int32_t id) : id(id) {}
  std::string_view name() const override { return "skip_id"; }
  std::string attributes() const override { return std::to_string(id); }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int32_t id;
};

}  // namespace frugal

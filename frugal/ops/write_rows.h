// write_rows: cache[rows[t]] = values[t] for cache F32[R, W], rows I32[T] and values F32[T, W]. A row outside
// [0, R), such as -1, is skipped; the others must differ. Updates the cache in place; no output, no gradient.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

void write_rows(Value cache, Value rows, Value values);

struct WriteRows : Op {
  std::string_view name() const override { return "write_rows"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  std::vector<int> updates() const override { return {0}; }
};

}  // namespace frugal

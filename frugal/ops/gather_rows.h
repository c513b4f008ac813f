// gather_rows: out[i] = x[index[i]] for x[T,H] and index I32[N]; an index outside [0, T) gives a zero row.
// What goes along with rows may be gathered too: x I32[T] or U8[T,H], without a gradient. offsets I32[S+1]
// says which of the N rows belong to which sequence; the kernel does not need it, the pass that drops unread
// rows does. scatter_rows(dy[N,H], index, T): the gradient [T,H]; rows of equal index are added in order, the
// others are zero.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value gather_rows(Value x, Value index, Value offsets);
Value scatter_rows(Value dy, Value index, int64_t rows);

struct GatherRows : Op {
  std::string_view name() const override { return "gather_rows"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

struct ScatterRows : Op {
  explicit ScatterRows(int64_t rows) : rows(rows) {}
  std::string_view name() const override { return "scatter_rows"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int64_t rows;
};

}  // namespace frugal

// prepend_rows: the rows of each sequence behind `memory` older rows of its own.
//
// older[S * memory, H], x[T, H], offsets I32[S+1] of x: out[S * memory + T, H] holds, for sequence s, rows s
// * memory .. of `older`, then its rows of x; so its first row is offsets[s] + s * memory. x's rows of no
// sequence stay before and behind all. Offsets that fall or reach outside x give unspecified numbers.
// prepend_rows_grad(dy, offsets, memory): the gradients of both.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value prepend_rows(Value older, Value x, Value offsets);

struct PrependRows : Op {
  std::string_view name() const override { return "prepend_rows"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

struct PrependRowsGrad : Op {
  explicit PrependRowsGrad(int64_t memory) : memory(memory) {}
  std::string_view name() const override { return "prepend_rows_grad"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int64_t memory;
};

}  // namespace frugal

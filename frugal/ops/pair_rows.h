// pair_rows: each row of a sequence with each of the sequence's N own vectors.
//
// a[T, H], b[S * N, H], offsets I32[S+1]: out[T * N, H], out[t N + n] = a[t] + b[s N + n] for the rows t of
// sequence s; rows of no sequence are a[t]. Offsets are cut to a; N is what b's rows say.
// pair_rows_grad(dy, offsets): da[T, H] and db[S * N, H], summed over n and over the sequence's rows in
// order.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value pair_rows(Value a, Value b, Value offsets);

struct PairRows : Op {
  std::string_view name() const override { return "pair_rows"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

struct PairRowsGrad : Op {
  explicit PairRowsGrad(int64_t vectors) : vectors(vectors) {}
  std::string_view name() const override { return "pair_rows_grad"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int64_t vectors;  // N
};

}  // namespace frugal

// adamw: one step of AdamW (Loshchilov & Hutter, "Decoupled weight decay regularization", 2019) in the order
// PyTorch computes it:
//   p *= 1 - lr weight_decay;  g = clip grad;  m += (1 - beta1)(g - m);  v = beta2 v + (1 - beta2) g^2
//   p -= lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
// hyper is F32[4] = {lr, 1 - beta1^t, 1 - beta2^t, unused}, clip a scalar (1: no clipping).
//
// adamw_rows: the same for an embedding [V,H] whose gradient is compact_rows' (rows[T,H], slots I32[T]).
// active U8[V], zero at first, remembers the rows that ever had a gradient; the others have m = v = 0 and are
// left alone (or only decayed), so the result equals adamw's bit for bit.
//
// accumulate: buffer += x, for gradients over several batches.
//
// All update their inputs in place, have no output to read, and no gradient.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

struct AdamWSettings {
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;  // eps > 0
};

void adamw(Value param, Value grad, Value m, Value v, Value hyper, Value clip, AdamWSettings settings);
void adamw_rows(Value param, Value m, Value v, Value rows, Value slots, Value active, Value hyper, Value clip,
                AdamWSettings settings);
void accumulate(Value buffer, Value x);

struct AdamW : Op {
  explicit AdamW(AdamWSettings settings) : settings(settings) {}
  std::string_view name() const override { return "adamw"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  std::vector<int> updates() const override { return {0, 2, 3}; }
  AdamWSettings settings;
};

struct AdamWRows : Op {
  explicit AdamWRows(AdamWSettings settings) : settings(settings) {}
  std::string_view name() const override { return "adamw_rows"; }
  std::string attributes() const override;
  // Output 0 is a workspace I32[V].
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  std::vector<int> updates() const override { return {0, 1, 2, 5}; }
  AdamWSettings settings;
};

struct Accumulate : Op {
  std::string_view name() const override { return "accumulate"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  std::vector<int> updates() const override { return {0}; }
};

}  // namespace frugal

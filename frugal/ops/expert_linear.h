// expert_linear: rows that lie together by expert, each group times its own expert's weight (Fedus, Zoph &
// Shazeer, "Switch Transformers", 2021). Only rows that an expert got are computed: the cost does not depend
// on how many experts there are.
//
// x F32[T,K]; bounds I32[E+1] with 0 <= bounds[0] <= ... <= bounds[E] <= T: rows [bounds[e], bounds[e+1]) go
// through weights[e], F32[N,K] as checkpoints store it. Gives F32[T,N], zero for rows of no expert. A row's
// bits depend on itself and its expert alone.
//
// The passes replace these operations by packed ones, on the kernels of ops/gemm; their own are the slow,
// obvious twins that tests compare with.
#pragma once

#include <vector>

#include "frugal/graph/graph.h"
#include "frugal/ops/gemm/gemm.h"

namespace frugal {

Value expert_linear(Value x, const std::vector<Value>& weights, Value bounds);

// Inputs x, bounds, then each expert's weight: [N,K] with trans_w, else [K,N].
struct ExpertLinear : Op {
  explicit ExpertLinear(bool trans_w) : trans_w(trans_w) {}
  std::string_view name() const override { return "expert_linear"; }
  std::string attributes() const override { return trans_w ? "T" : "N"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  bool trans_w;
};

// The weights' gradients. Inputs a F32[T,M], b F32[T,N] and bounds; output e is the product of a's transposed
// rows of expert e with b's, F32[M,N]; zeros for an expert without rows.
struct ExpertOuter : Op {
  std::string_view name() const override { return "expert_outer"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

// Inputs x, bounds, then each expert's packed weight (ops/matmul.h: Pack).
struct PackedExpertLinear : Op {
  PackedExpertLinear(Precision precision, Isa isa, int64_t n) : precision(precision), isa(isa), n(n) {}
  std::string_view name() const override { return "packed_expert_linear"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  Precision precision;
  Isa isa;
  int64_t n;
};

// As expert_outer; the last output is a workspace, b's rows of one expert packed.
struct PackedExpertOuter : Op {
  PackedExpertOuter(Precision precision, Isa isa) : precision(precision), isa(isa) {}
  std::string_view name() const override { return "packed_expert_outer"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  Precision precision;
  Isa isa;
};

}  // namespace frugal

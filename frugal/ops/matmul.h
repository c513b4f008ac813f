// matmul: C[M,N] = op(A) op(B) + bias, then an activation, then + residual; op transposes when asked to.
//
// The passes replace `matmul` by `pack` (B in the layout of this machine's micro-kernel) and `packed_matmul`;
// its own kernel is the slow, obvious twin that tests compare with.
#pragma once

#include "frugal/graph/graph.h"
#include "frugal/ops/gemm/gemm.h"

namespace frugal {

// a is [M,K], or [K,M] with trans_a; b is [K,N], or [N,K] with trans_b. F32.
Value matmul(Value a, Value b, bool trans_a = false, bool trans_b = false);
// x[M,K] times the transpose of a weight stored as checkpoints store it, [N,K], plus bias [N] (may be empty).
Value linear(Value x, Value weight, Value bias);
// The same, in fp32 in every program: its operands are neither rounded to bf16 nor quantized (a router's
// choice must not flip).
Value linear_exact(Value x, Value weight, Value bias);

struct MatMul : Op {
  bool trans_a = false, trans_b = false;
  Activation activation = Activation::none;  // set by fusion only: such a node has no gradient
  bool exact = false;                        // stays fp32

  MatMul(bool trans_a, bool trans_b, Activation activation = Activation::none, bool exact = false)
      : trans_a(trans_a), trans_b(trans_b), activation(activation), exact(exact) {}
  std::string_view name() const override { return "matmul"; }
  std::string attributes() const override;
  // Inputs: a, b, bias or empty, residual or empty.
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  std::vector<int> row_inputs() const override {
    return trans_a ? std::vector<int>{} : std::vector<int>{0, 3};
  }
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

// B in packed form: U8[bytes]. Depends on the machine, so it is never saved.
struct Pack : Op {
  Precision precision;
  Isa isa;
  bool trans_b;

  Pack(Precision precision, Isa isa, bool trans_b) : precision(precision), isa(isa), trans_b(trans_b) {}
  std::string_view name() const override { return "pack"; }
  std::string attributes() const override;
  // Inputs: b F32; or, for s8, b I8 and the scales of its columns F32[N].
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

struct PackedMatMul : Op {
  Precision precision;
  Isa isa;
  bool trans_a;
  int64_t n;
  Activation activation;

  PackedMatMul(Precision precision, Isa isa, bool trans_a, int64_t n, Activation activation)
      : precision(precision), isa(isa), trans_a(trans_a), n(n), activation(activation) {}
  std::string_view name() const override { return "packed_matmul"; }
  std::string attributes() const override;
  // Inputs: a, packed b, bias or empty, residual or empty.
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<int> row_inputs() const override {
    return trans_a ? std::vector<int>{} : std::vector<int>{0, 3};
  }
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

constexpr size_t kMostProducts = 4;  // of one shared_matmul

// Several products of one left matrix, all of n columns: queries, keys and values; a gate and what it gates.
struct SharedMatMul : Op {
  Precision precision;
  Isa isa;
  int64_t n;
  std::vector<Activation> activations;  // one a product

  SharedMatMul(Precision precision, Isa isa, int64_t n, std::vector<Activation> activations)
      : precision(precision), isa(isa), n(n), activations(std::move(activations)) {}
  std::string_view name() const override { return "shared_matmul"; }
  std::string attributes() const override;
  // Inputs: a, then packed b and bias or empty for each product.
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<int> row_inputs() const override { return {0}; }
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

}  // namespace frugal

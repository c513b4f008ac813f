#include "frugal/ops/matmul.h"

#include <array>
#include <cmath>

#include "frugal/base/error.h"
#include "frugal/graph/gradient.h"
#include "frugal/ops/rows.h"
#include "frugal/ops/sum_rows.h"

namespace frugal {
namespace {

struct Sizes {
  int64_t m, n, k;
};

Sizes sizes_of(const TensorType& a, bool trans_a, const TensorType& b, bool trans_b) {
  require_type(a, DType::f32, 2, "the left matrix");
  require_type(b, DType::f32, 2, "the right matrix");
  const Sizes sizes{a.shape[trans_a ? 1 : 0], b.shape[trans_b ? 0 : 1], a.shape[trans_a ? 0 : 1]};
  if (b.shape[trans_b ? 1 : 0] != sizes.k)
    throw Error("", fmt::format("inner sizes {} and {} differ", sizes.k, b.shape[trans_b ? 1 : 0]));
  return sizes;
}

void check_epilogue(std::span<const TensorType> in, int64_t m, int64_t n) {
  if (in.size() != 4) throw Error("", "needs four inputs (bias and residual may be empty)");
  const auto absent = [](const TensorType& type) { return type.shape.empty(); };
  if (!absent(in[2]) && in[2] != f32({n})) throw Error("", fmt::format("the bias must be F32[{}]", n));
  if (!absent(in[3]) && in[3] != f32({m, n}))
    throw Error("", fmt::format("the residual must be F32[{}, {}]", m, n));
}

// One activation at a time, in double: for the slow twin only.
double activate(Activation activation, double x) {
  switch (activation) {
    case Activation::none:
      return x;
    case Activation::relu:
      return x > 0 ? x : 0;
    case Activation::gelu:
      return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case Activation::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::tanh:
      return std::tanh(x);
    case Activation::sigmoid:
      return 1 / (1 + std::exp(-x));
    case Activation::silu:
      return x / (1 + std::exp(-x));
  }
  return x;
}

}  // namespace

Value matmul(Value a, Value b, bool trans_a, bool trans_b) {
  return a.graph->add<MatMul>({a, b, {}, {}}, trans_a, trans_b);
}
Value linear(Value x, Value weight, Value bias) {
  return x.graph->add<MatMul>({x, weight, bias, {}}, false, true);
}
Value linear_exact(Value x, Value weight, Value bias) {
  return x.graph->add<MatMul>({x, weight, bias, {}}, false, true, Activation::none, true);
}

std::string MatMul::attributes() const {
  return fmt::format("{}{} {}{}", trans_a ? 'T' : 'N', trans_b ? 'T' : 'N', name_of(activation),
                     exact ? " exact" : "");
}

std::vector<TensorType> MatMul::infer(std::span<const TensorType> in) const {
  require(in.size() == 4, "needs four inputs");
  const Sizes s = sizes_of(in[0], trans_a, in[1], trans_b);
  check_epilogue(in, s.m, s.n);
  return {f32({s.m, s.n})};
}

std::vector<Value> MatMul::gradient(const GradientContext& context) const {
  require(activation == Activation::none && !context.inputs[3], "a fused product has no gradient");
  const Value a = context.inputs[0], b = context.inputs[1], dy = context.output_gradients[0];
  std::vector<Value> result(4);
  const auto product = [&](Value left, Value right, bool trans_left, bool trans_right) {
    return context.graph.add<MatMul>({left, right, {}, {}}, trans_left, trans_right, Activation::none, exact);
  };
  if (context.needed[0])
    result[0] = trans_a ? product(b, dy, trans_b, true) : product(dy, b, false, !trans_b);
  if (context.needed[1])
    result[1] = trans_b ? product(dy, a, true, trans_a) : product(a, dy, !trans_a, false);
  if (context.needed[2]) result[2] = sum_rows(dy);
  return result;
}

Work MatMul::work(std::span<const TensorType> in, std::span<const TensorType> out) const {
  Work work = Op::work(in, out);
  work.flops = 2.0 * static_cast<double>(element_count(out[0].shape)) *
               static_cast<double>(in[0].shape[trans_a ? 0 : 1]);
  return work;
}

Kernel MatMul::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const Sizes s = sizes_of(in[0], trans_a, in[1], trans_b);
  const int64_t ai = trans_a ? 1 : s.k, ak = trans_a ? s.m : 1, bk = trans_b ? 1 : s.n,
                bj = trans_b ? s.k : 1;
  return {[=, activation = activation](const KernelArgs& args, Worker& worker) {
    const float *a = args.input<float>(0), *b = args.input<float>(1), *bias = args.input<float>(2);
    const float* residual = args.input<float>(3);
    float* c = args.output<float>(0);
    worker.for_each(s.m * s.n, [&](int64_t item) {
      const int64_t i = item / s.n, j = item % s.n;
      double sum = bias ? bias[j] : 0;
      for (int64_t k = 0; k < s.k; ++k) sum += static_cast<double>(a[i * ai + k * ak]) * b[k * bk + j * bj];
      c[item] = static_cast<float>(activate(activation, sum) + (residual ? residual[item] : 0));
    });
  }};
}

std::string Pack::attributes() const {
  return fmt::format("{} {} {}", name_of(precision), name_of(isa), trans_b ? 'T' : 'N');
}

std::vector<TensorType> Pack::infer(std::span<const TensorType> in) const {
  require(!in.empty() && in[0].shape.size() == 2, "needs a matrix");
  const int64_t k = in[0].shape[trans_b ? 1 : 0], n = in[0].shape[trans_b ? 0 : 1];
  if (precision == Precision::s8)
    require(in.size() == 2 && in[0].type == DType::i8 && in[1] == f32({n}),
            fmt::format("needs bytes and F32[{}]", n));
  return {{DType::u8, {static_cast<int64_t>(packed_bytes(precision, isa, k, n))}}};
}

Kernel Pack::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const int64_t k = in[0].shape[trans_b ? 1 : 0], n = in[0].shape[trans_b ? 0 : 1];
  return {[=, precision = precision, isa = isa, trans_b = trans_b](const KernelArgs& args, Worker& worker) {
    if (precision == Precision::s8)
      return pack_b_s8(isa, {args.input<int8_t>(0), trans_b ? 1 : n, trans_b ? k : 1}, args.input<float>(1),
                       k, n, args.out[0], worker);
    const MatrixView b{args.input<float>(0), trans_b ? 1 : n, trans_b ? k : 1};
    pack_b(precision, isa, b, k, n, args.out[0], worker);
  }};
}

std::string PackedMatMul::attributes() const {
  return fmt::format("{} {} {}", name_of(precision), trans_a ? 'T' : 'N', name_of(activation));
}

std::vector<TensorType> PackedMatMul::infer(std::span<const TensorType> in) const {
  require(in.size() == 4, "needs four inputs");
  require_type(in[0], DType::f32, 2, "the left matrix");
  const int64_t m = in[0].shape[trans_a ? 1 : 0], k = in[0].shape[trans_a ? 0 : 1];
  require(in[1].byte_count() == packed_bytes(precision, isa, k, n), "the packed matrix has another size");
  check_epilogue(in, m, n);
  return {f32({m, n})};
}

Work PackedMatMul::work(std::span<const TensorType> in, std::span<const TensorType> out) const {
  Work work = Op::work(in, out);
  work.flops = 2.0 * static_cast<double>(element_count(out[0].shape)) *
               static_cast<double>(in[0].shape[trans_a ? 0 : 1]);
  return work;
}

Kernel PackedMatMul::kernel(const Context&, std::span<const TensorType> in,
                            std::span<const TensorType>) const {
  const int64_t m = in[0].shape[trans_a ? 1 : 0], k = in[0].shape[trans_a ? 0 : 1];
  const auto run = [=, op = *this](const KernelArgs& args, Worker& worker) {
    const MatrixView a{args.input<float>(0), op.trans_a ? 1 : k, op.trans_a ? m : 1};
    const Epilogue epilogue{args.input<float>(2), op.activation, args.input<float>(3)};
    gemm(op.precision, op.isa, a, args.in[1], m, op.n, k, args.output<float>(0), op.n, epilogue, worker);
  };
  return {run, gemm_scratch_bytes(precision, isa, m, n, k)};
}

std::string SharedMatMul::attributes() const {
  std::string text = fmt::format("{} N", name_of(precision));
  for (const Activation activation : activations) text += fmt::format(" {}", name_of(activation));
  return text;
}

std::vector<TensorType> SharedMatMul::infer(std::span<const TensorType> in) const {
  require(in.size() == 1 + 2 * activations.size() && activations.size() <= kMostProducts,
          "needs a matrix, and a packed matrix and a bias a product");
  require_type(in[0], DType::f32, 2, "the left matrix");
  const int64_t m = in[0].shape[0], k = in[0].shape[1];
  for (size_t i = 1; i < in.size(); i += 2) {
    require(in[i].byte_count() == packed_bytes(precision, isa, k, n), "a packed matrix has another size");
    require(in[i + 1].shape.empty() || in[i + 1] == f32({n}), "a bias has another size");
  }
  return std::vector<TensorType>(in.size() / 2, f32({m, n}));
}

Work SharedMatMul::work(std::span<const TensorType> in, std::span<const TensorType> out) const {
  Work work = Op::work(in, out);
  work.flops = 2.0 * static_cast<double>(element_count(out[0].shape)) * static_cast<double>(out.size()) *
               static_cast<double>(in[0].shape[1]);
  return work;
}

Kernel SharedMatMul::kernel(const Context&, std::span<const TensorType> in,
                            std::span<const TensorType> out) const {
  const int64_t m = in[0].shape[0], k = in[0].shape[1];
  const size_t count = out.size();
  const auto run = [=, op = *this](const KernelArgs& args, Worker& worker) {
    std::array<Product, kMostProducts> products;
    for (size_t i = 0; i < count; ++i)
      products[i] = {
          args.in[1 + 2 * i], args.output<float>(i), {args.input<float>(2 + 2 * i), op.activations[i]}};
    gemm_shared(op.precision, op.isa, {args.input<float>(0), k, 1}, {products.data(), count}, m, op.n, k,
                op.n, worker);
  };
  return {run, gemm_scratch_bytes(precision, isa, m, n, k)};
}

}  // namespace frugal

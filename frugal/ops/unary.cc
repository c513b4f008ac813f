#include "frugal/ops/unary.h"

#include "frugal/graph/gradient.h"

namespace frugal {
namespace {

// About what the polynomials cost: gelu's error function takes some 20 operations, its gradient as many more.
constexpr double kFlopsPerElement = 20;

Work pointwise(const TensorType& type, int tensors, double flops_per_element) {
  return {flops_per_element * static_cast<double>(element_count(type.shape)),
          static_cast<double>(tensors) * static_cast<double>(type.byte_count())};
}

}  // namespace

Value unary(Value x, Activation f) { return f == Activation::none ? x : x.graph->add<Unary>({x}, f); }
Value unary_grad(Value x, Value dy, Activation f) {
  return f == Activation::none ? dy : x.graph->add<UnaryGrad>({x, dy}, f);
}

std::vector<TensorType> Unary::infer(std::span<const TensorType> in) const {
  require(in.size() == 1 && in[0].type == DType::f32, "needs one F32 tensor");
  return {in[0]};
}

std::vector<Value> Unary::gradient(const GradientContext& context) const {
  return {unary_grad(context.inputs[0], context.output_gradients[0], f)};
}

Work Unary::work(std::span<const TensorType> in, std::span<const TensorType>) const {
  return pointwise(in[0], 2, kFlopsPerElement);
}

std::vector<TensorType> UnaryGrad::infer(std::span<const TensorType> in) const {
  require(in.size() == 2 && in[0] == in[1] && in[0].type == DType::f32,
          "needs x and dy, F32 tensors of one shape");
  return {in[0]};
}

Work UnaryGrad::work(std::span<const TensorType> in, std::span<const TensorType>) const {
  return pointwise(in[0], 3, 2 * kFlopsPerElement);
}

}  // namespace frugal

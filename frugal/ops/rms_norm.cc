#include "frugal/ops/rms_norm.h"

#include <fmt/format.h>

#include "frugal/graph/gradient.h"
#include "frugal/ops/row_sums.h"

namespace frugal {

Value rms_norm(Value x, Value gamma, float eps) { return x.graph->add<RmsNorm>({x, gamma}, eps); }

std::string RmsNorm::attributes() const { return fmt::format("eps={}", eps); }

std::vector<TensorType> RmsNorm::infer(std::span<const TensorType> in) const {
  require(in.size() == 2, "needs x and gamma");
  require_type(in[0], DType::f32, 2, "x");
  require(in[1] == f32({in[0].shape[1]}), "gamma must be F32 of the row's width");
  return {in[0], f32({in[0].shape[0]})};
}

std::vector<Value> RmsNorm::gradient(const GradientContext& context) const {
  const Value dx = context.graph.add<RmsNormGrad>(
      {context.inputs[0], context.inputs[1], context.output_gradients[0], context.outputs[1]});
  return {dx, Graph::output_of(dx, 1)};
}

Work RmsNorm::work(std::span<const TensorType> in, std::span<const TensorType>) const {
  return {4.0 * static_cast<double>(element_count(in[0].shape)),
          2.0 * static_cast<double>(in[0].byte_count())};
}

std::vector<TensorType> RmsNormGrad::infer(std::span<const TensorType> in) const {
  require(in.size() == 4 && in[0] == in[2], "needs x, gamma, dy and rstd");
  const int64_t rows = in[0].shape[0], width = in[0].shape[1];
  return {in[0], f32({width}), f32({sum_blocks(rows), width})};
}

Work RmsNormGrad::work(std::span<const TensorType> in, std::span<const TensorType>) const {
  return {9.0 * static_cast<double>(element_count(in[0].shape)),
          3.0 * static_cast<double>(in[0].byte_count())};
}

}  // namespace frugal

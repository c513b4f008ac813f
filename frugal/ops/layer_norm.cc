#include "frugal/ops/layer_norm.h"

#include <fmt/format.h>

#include "frugal/graph/gradient.h"
#include "frugal/ops/row_sums.h"

namespace frugal {

Value layer_norm(Value x, Value gamma, Value beta, float eps) {
  return x.graph->add<LayerNorm>({x, gamma, beta}, eps);
}

std::string LayerNorm::attributes() const { return fmt::format("eps={}", eps); }

std::vector<TensorType> LayerNorm::infer(std::span<const TensorType> in) const {
  require(in.size() == 3, "needs x, gamma and beta");
  require_type(in[0], DType::f32, 2, "x");
  const TensorType row = f32({in[0].shape[1]});
  require(in[1] == row && in[2] == row, "gamma and beta must be F32 of the row's width");
  return {in[0], f32({in[0].shape[0]}), f32({in[0].shape[0]})};
}

std::vector<Value> LayerNorm::gradient(const GradientContext& context) const {
  const Value dx =
      context.graph.add<LayerNormGrad>({context.inputs[0], context.inputs[1], context.output_gradients[0],
                                        context.outputs[1], context.outputs[2]});
  return {dx, Graph::output_of(dx, 1), Graph::output_of(dx, 2)};
}

Work LayerNorm::work(std::span<const TensorType> in, std::span<const TensorType>) const {
  return {8.0 * static_cast<double>(element_count(in[0].shape)),
          2.0 * static_cast<double>(in[0].byte_count())};
}

std::vector<TensorType> LayerNormGrad::infer(std::span<const TensorType> in) const {
  require(in.size() == 5 && in[0] == in[2], "needs x, gamma, dy, mean and rstd");
  const int64_t rows = in[0].shape[0], width = in[0].shape[1];
  return {in[0], f32({width}), f32({width}), f32({sum_blocks(rows), 2, width})};
}

Work LayerNormGrad::work(std::span<const TensorType> in, std::span<const TensorType>) const {
  return {14.0 * static_cast<double>(element_count(in[0].shape)),
          3.0 * static_cast<double>(in[0].byte_count())};
}

}  // namespace frugal

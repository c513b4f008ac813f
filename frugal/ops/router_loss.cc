#include "frugal/ops/router_loss.h"

#include <fmt/format.h>

#include "frugal/graph/gradient.h"

namespace frugal {

Value router_loss(const std::vector<Value>& logits, Value offsets, RouterLossWeights weights) {
  std::vector<Value> inputs{offsets};
  inputs.insert(inputs.end(), logits.begin(), logits.end());
  return offsets.graph->add<RouterLoss>(std::move(inputs), weights);
}

std::string RouterLoss::attributes() const {
  return fmt::format("balance={} z={}", weights.balance, weights.z);
}

std::vector<TensorType> RouterLoss::infer(std::span<const TensorType> in) const {
  require(in.size() >= 2, "needs offsets and the logits of a layer");
  require_type(in[0], DType::i32, 1, "offsets");
  require_type(in[1], DType::f32, 2, "the logits");
  for (const TensorType& layer : in.subspan(1)) require(layer == in[1], "the layers' logits differ in shape");
  const int64_t sequences = in[0].shape[0] - 1, experts = in[1].shape[1];
  require(sequences >= 0 && experts > 0, "needs offsets and an expert");
  return {f32({}), f32({sequences, experts}), f32({sequences, experts + 2})};
}

std::vector<Value> RouterLoss::gradient(const GradientContext& context) const {
  const auto layers = static_cast<int64_t>(context.inputs.size()) - 1;
  std::vector<Value> result{{}};
  for (int64_t i = 1; i <= layers; ++i)
    result.push_back(context.needed[i] ? context.graph.add<RouterLossGrad>(
                                             {context.inputs[i], context.inputs[0], context.outputs[1],
                                              context.output_gradients[0]},
                                             weights, layers)
                                       : Value{});
  return result;
}

std::string RouterLossGrad::attributes() const {
  return fmt::format("balance={} z={} layers={}", weights.balance, weights.z, layers);
}

std::vector<TensorType> RouterLossGrad::infer(std::span<const TensorType> in) const {
  require(in.size() == 4, "needs logits, offsets, the shares and dloss");
  return {in[0]};
}

}  // namespace frugal

#include "frugal/ops/top1_route.h"

#include <fmt/format.h>

#include "frugal/graph/gradient.h"

namespace frugal {

Top1Routing top1_route(Value logits, Value offsets, int64_t capacity) {
  const Value node = logits.graph->add<Top1Route>({logits, offsets}, capacity);
  return {node, Graph::output_of(node, 1), Graph::output_of(node, 2), Graph::output_of(node, 3),
          Graph::output_of(node, 4)};
}

std::string Top1Route::attributes() const { return fmt::format("capacity={}", capacity); }

std::vector<TensorType> Top1Route::infer(std::span<const TensorType> in) const {
  require(in.size() == 2, "needs logits and offsets");
  require_type(in[0], DType::f32, 2, "the logits");
  require_type(in[1], DType::i32, 1, "offsets");
  require(in[0].shape[1] > 0 && in[1].shape[0] > 0, "needs an expert, and offsets");
  require(capacity >= 0, "the capacity is negative");
  const int64_t rows = in[0].shape[0];
  return {f32({rows}), i32({rows}), i32({rows}), i32({rows}), i32({in[0].shape[1] + 1})};
}

std::vector<Value> Top1Route::gradient(const GradientContext& context) const {
  return {context.graph.add<Top1RouteGrad>(
              {context.inputs[0], context.outputs[0], context.outputs[1], context.output_gradients[0]}),
          {}};
}

std::vector<TensorType> Top1RouteGrad::infer(std::span<const TensorType> in) const {
  require(in.size() == 4, "needs logits, probability, expert and dprobability");
  return {in[0]};
}

}  // namespace frugal

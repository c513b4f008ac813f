#include "frugal/ops/cross_entropy.h"

#include <fmt/format.h>

#include "frugal/graph/gradient.h"

namespace frugal {

Value cross_entropy(Value logits, Value labels, float label_smoothing) {
  return logits.graph->add<CrossEntropy>({logits, labels}, label_smoothing);
}

std::string CrossEntropy::attributes() const { return fmt::format("smoothing={}", smoothing); }

std::vector<TensorType> CrossEntropy::infer(std::span<const TensorType> in) const {
  require(in.size() == 2, "needs logits and labels");
  require_type(in[0], DType::f32, 2, "logits");
  require(in[0].shape[1] >= 1, "there are no classes");
  require(in[1] == i32({in[0].shape[0]}), "labels must be I32, one for each row of logits");
  require(smoothing >= 0 && smoothing < 1, "label smoothing is not in [0, 1)");
  return {f32({}), f32({in[0].shape[0]}), f32({in[0].shape[0]})};
}

std::vector<Value> CrossEntropy::gradient(const GradientContext& context) const {
  return {
      context.graph.add<CrossEntropyGrad>(
          {context.inputs[0], context.inputs[1], context.outputs[1], context.output_gradients[0]}, smoothing),
      {}};
}

Work CrossEntropy::work(std::span<const TensorType> in, std::span<const TensorType>) const {
  return {16.0 * static_cast<double>(element_count(in[0].shape)), static_cast<double>(in[0].byte_count())};
}

std::string CrossEntropyGrad::attributes() const { return fmt::format("smoothing={}", smoothing); }

std::vector<TensorType> CrossEntropyGrad::infer(std::span<const TensorType> in) const {
  require(in.size() == 4, "needs logits, labels, log-sum-exp and dloss");
  return {in[0]};
}

Work CrossEntropyGrad::work(std::span<const TensorType> in, std::span<const TensorType>) const {
  return {16.0 * static_cast<double>(element_count(in[0].shape)),
          2.0 * static_cast<double>(in[0].byte_count())};
}

}  // namespace frugal

#include "frugal/ops/soft_cross_entropy.h"

#include <fmt/format.h>

#include "frugal/graph/gradient.h"

namespace frugal {

Value soft_cross_entropy(Value student, Value teacher, Value weights, float temperature) {
  return student.graph->add<SoftCrossEntropy>({student, teacher, weights}, temperature);
}

std::string SoftCrossEntropy::attributes() const { return fmt::format("temperature={}", temperature); }

std::vector<TensorType> SoftCrossEntropy::infer(std::span<const TensorType> in) const {
  require(in.size() == 3, "needs student, teacher and weights");
  require_type(in[0], DType::f32, 2, "the student's logits");
  require(in[0] == in[1], "the teacher's logits must have the student's shape");
  const int64_t rows = in[0].shape[0];
  require(in[2] == f32({rows}), "weights must be F32, one for each row");
  require(temperature > 0, "the temperature must be positive");
  return {f32({}), f32({rows, 2}), f32({rows})};
}

std::vector<Value> SoftCrossEntropy::gradient(const GradientContext& context) const {
  return {context.graph.add<SoftCrossEntropyGrad>({context.inputs[0], context.inputs[1], context.inputs[2],
                                                   context.outputs[1], context.output_gradients[0]},
                                                  temperature),
          {},
          {}};
}

Work SoftCrossEntropy::work(std::span<const TensorType> in, std::span<const TensorType>) const {
  return {50.0 * static_cast<double>(element_count(in[0].shape)),
          2.0 * static_cast<double>(in[0].byte_count())};
}

std::string SoftCrossEntropyGrad::attributes() const { return fmt::format("temperature={}", temperature); }

std::vector<TensorType> SoftCrossEntropyGrad::infer(std::span<const TensorType> in) const {
  require(in.size() == 5, "needs student, teacher, weights, log-sum-exps and dloss");
  return {in[0]};
}

Work SoftCrossEntropyGrad::work(std::span<const TensorType> in, std::span<const TensorType>) const {
  return {35.0 * static_cast<double>(element_count(in[0].shape)),
          3.0 * static_cast<double>(in[0].byte_count())};
}

}  // namespace frugal

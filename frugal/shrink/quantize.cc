#include "frugal/shrink/quantize.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "frugal/ops/embedding.h"
#include "frugal/ops/expert_linear.h"
#include "frugal/ops/matmul.h"

namespace frugal {
namespace {

constexpr float kLargest = 63;

void quantize_rows(const Tensor& weight, Tensor& quantized, Tensor& scales) {
  const int64_t width = weight.dim(1);
  for (int64_t row = 0; row < weight.dim(0); ++row) {
    const float* w = weight.data<float>().data() + row * width;
    int8_t* q = quantized.data<int8_t>().data() + row * width;
    float largest = 0;
    for (int64_t i = 0; i < width; ++i) largest = std::max(largest, std::fabs(w[i]));
    const float scale = largest > 0 ? largest / kLargest : 1.0f;
    scales.data<float>()[row] = scale;
    for (int64_t i = 0; i < width; ++i)
      q[i] = static_cast<int8_t>(std::clamp(std::nearbyint(w[i] / scale), -kLargest, kLargest));
  }
}

// Whether an operation has an integer form for the weight at input k (passes/lower.cc).
bool reads_integers(const Op& op, size_t k) {
  if (const auto* product = dynamic_cast<const MatMul*>(&op))
    return k == 1 && product->trans_b && !product->exact;
  if (const auto* experts = dynamic_cast<const ExpertLinear*>(&op)) return k >= 2 && experts->trans_w;
  return k == 0 && dynamic_cast<const Embedding*>(&op);
}

// Matrices that something reads in no other form: a router must choose as before, a table of biases is added.
std::set<std::string> kept_weights(const Model& model) {
  Graph graph;
  Net net(graph, kSmallestBatch, {});
  model.build(net);
  std::set<std::string> kept;
  for (const Node& node : graph.nodes())
    for (size_t k = 0; k < node.inputs.size(); ++k)
      if (node.inputs[k] && !reads_integers(*node.op, k)) {
        const Node& input = graph.node(node.inputs[k].node);
        if (input.kind == NodeKind::variable) kept.insert(input.name);
      }
  return kept;
}

}  // namespace

Student quantize(const Model& model, const Store& store) {
  Json config = model.config();
  config["quantization_config"] = {
      {"quant_method", "frugal"}, {"weights", "s7"}, {"scales", "row"}, {"activations", "u8 dynamic row"}};
  Student result{make_model(config, "the quantized configuration"), std::make_shared<Store>()};
  const std::set<std::string> kept = kept_weights(model);
  for (const ParameterSpec& spec : model.parameters()) {
    const Tensor& weight = *store.find(spec.name);
    if (spec.shape.size() != 2 || weight.type() != DType::f32 || kept.count(spec.name)) {
      result.store->set(spec.name, weight);
      continue;
    }
    Tensor quantized(DType::i8, spec.shape), scales(DType::f32, {spec.shape[0]});
    quantize_rows(weight, quantized, scales);
    result.store->set(spec.name, quantized);
    result.store->set(spec.name + "_scale", scales);
  }
  return result;
}

}  // namespace frugal

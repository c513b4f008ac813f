#include "frugal/shrink/quantize.h"

#include <algorithm>
#include <bit>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "frugal/ops/embedding.h"
#include "frugal/ops/expert_linear.h"
#include "frugal/ops/matmul.h"
#include "frugal/ops/reshape.h"

namespace frugal {
namespace {

constexpr int32_t kLargest = 63;

// A matrix of integers has a scale for each output of its product: for each row of a weight [out, in], for
// each column of one stored [in, out] (GPT-2's, XLNet's).
struct IntegerForm {
  bool by_row;
  int64_t rows, columns;
  auto operator<=>(const IntegerForm&) const = default;
};

// What the compiler can vectorize for any x86-64, as it cannot std::max and std::nearbyint of floats: 22.6
// million weights in 32 ms, not 150.
int32_t magnitude(float value) { return std::bit_cast<int32_t>(value) & 0x7fffffff; }  // ordered as numbers
// value / scale to the nearest integer, halves to even: a float of 3 x 2^22 has no bits after the point.
int8_t quotient(float value, float scale) {
  constexpr float kNoFraction = 3 << 22;
  const int32_t n = std::bit_cast<int32_t>(value / scale + kNoFraction) - std::bit_cast<int32_t>(kNoFraction);
  return static_cast<int8_t>(std::clamp(n, -kLargest, kLargest));
}

void quantize_matrix(const Tensor& weight, const IntegerForm& form, Tensor& quantized, Tensor& scales) {
  const float* w = weight.data<float>().data();
  int8_t* q = quantized.data<int8_t>().data();
  float* scale = scales.data<float>().data();
  const int64_t rows = form.rows, columns = form.columns;
  std::vector<int32_t> largest(static_cast<size_t>(scales.count()));
  for (int64_t r = 0; r < rows; ++r) {
    const float* row = w + r * columns;
    if (form.by_row) {
      int32_t most = 0;
      for (int64_t c = 0; c < columns; ++c) most = std::max(most, magnitude(row[c]));
      largest[r] = most;
    } else {
      for (int64_t c = 0; c < columns; ++c) largest[c] = std::max(largest[c], magnitude(row[c]));
    }
  }
  for (size_t i = 0; i < largest.size(); ++i) {
    scale[i] = std::bit_cast<float>(largest[i]) / kLargest;
    if (scale[i] == 0) scale[i] = 1;
  }
  for (int64_t r = 0; r < rows; ++r) {
    const float* row = w + r * columns;
    int8_t* to = q + r * columns;
    if (form.by_row) {
      const float of_row = scale[r];
      for (int64_t c = 0; c < columns; ++c) to[c] = quotient(row[c], of_row);
    } else {
      for (int64_t c = 0; c < columns; ++c) to[c] = quotient(row[c], scale[c]);
    }
  }
}

// The form in which an operation reads the weight at input k as integers (passes/lower.cc).
std::optional<IntegerForm> integer_form(const Node& node, size_t k) {
  bool by_row = true;
  if (const auto* product = dynamic_cast<const MatMul*>(node.op.get())) {
    if (k != 1 || product->exact) return {};
    by_row = product->trans_b;
  } else if (const auto* experts = dynamic_cast<const ExpertLinear*>(node.op.get())) {
    if (k < 2 || !experts->trans_w) return {};
  } else if (k != 0 || !dynamic_cast<const Embedding*>(node.op.get())) {
    return {};
  }
  return IntegerForm{by_row, node.inputs[k].dim(0), node.inputs[k].dim(1)};
}

// The weights that are read in one integer form and no other: a router must choose as before, a table of
// biases is added.
std::map<std::string, IntegerForm> integer_weights(const Model& model) {
  Graph graph;
  Net net(graph, kSmallestBatch, {});
  model.build(net);
  const auto is_reshape = [](const Node& node) { return dynamic_cast<const Reshape*>(node.op.get()); };
  std::map<std::string, std::set<std::optional<IntegerForm>>> forms;
  for (const Node& node : graph.nodes())
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      if (!node.inputs[k] || is_reshape(node)) continue;
      const Node& read = graph.node(node.inputs[k].node);
      const Node& input = is_reshape(read) ? graph.node(read.inputs[0].node) : read;
      if (input.kind == NodeKind::variable) forms[input.name].insert(integer_form(node, k));
    }
  std::map<std::string, IntegerForm> weights;
  for (const auto& [name, found] : forms)
    if (found.size() == 1 && *found.begin()) weights[name] = **found.begin();
  return weights;
}

}  // namespace

Student quantize(const Model& model, const Store& store) {
  Json config = model.config();
  config["quantization_config"] = {
      {"quant_method", "frugal"}, {"weights", "s7"}, {"scales", "output"}, {"activations", "u8 dynamic row"}};
  Student result{make_model(config, "the quantized configuration"), std::make_shared<Store>()};
  const auto integers = integer_weights(model);
  for (const ParameterSpec& spec : model.parameters()) {
    const Tensor& weight = *store.find(spec.name);
    const auto form = integers.find(spec.name);
    if (weight.type() != DType::f32 || form == integers.end()) {
      result.store->set(spec.name, weight);
      continue;
    }
    const auto& [by_row, rows, columns] = form->second;
    Tensor quantized(DType::i8, spec.shape), scales(DType::f32, {by_row ? rows : columns});
    quantize_matrix(weight, form->second, quantized, scales);
    result.store->set(spec.name, quantized);
    result.store->set(spec.name + "_scale", scales);
  }
  return result;
}

bool is_quantized(const Model& model) { return has_value(model.config(), "quantization_config"); }

}  // namespace frugal

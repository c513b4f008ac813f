#include "frugal/passes/lower.h"

#include <algorithm>

#include "frugal/ops/embedding.h"
#include "frugal/ops/expert_linear.h"
#include "frugal/ops/half_attention.h"
#include "frugal/ops/head_linear.h"
#include "frugal/ops/matmul.h"
#include "frugal/ops/reshape.h"
#include "frugal/passes/rewrite.h"

namespace frugal {

namespace {

// The variable behind a value, which may have another shape; else the value's own node.
const Node& variable_of(const Graph& graph, const Value& value) {
  const Node& node = graph.node(value.node);
  return dynamic_cast<const Reshape*>(node.op.get()) ? graph.node(node.inputs[0].node) : node;
}

// Packs a matrix that several products use once. `more` follows it among the inputs: the scales of integers.
class Packer {
 public:
  Packer(Rewriter& rewriter, Isa isa) : rewriter_(rewriter), isa_(isa) {}

  template <class... More>
  Value pack(const Value& matrix, bool trans, Precision as, const More&... more) {
    Value& value = packed_[{matrix, trans, as}];
    if (!value) value = rewriter_.to().add<Pack>({matrix, more...}, as, isa_, trans);
    return value;
  }

 private:
  Rewriter& rewriter_;
  Isa isa_;
  std::map<std::tuple<Value, bool, Precision>, Value> packed_;
};

}  // namespace

bool stored_s8(const Graph& graph, const Value& value, const Store& store) {
  const Node& node = variable_of(graph, value);
  const Tensor* tensor = node.kind == NodeKind::variable ? store.find(node.name) : nullptr;
  return tensor && tensor->type() == DType::i8;
}

std::shared_ptr<Graph> use_quantized_weights(const Graph& graph, const Store& store, Isa isa) {
  Rewriter rewriter(graph);
  Packer packer(rewriter, isa);
  const auto is_s8 = [&](const Value& value) { return stored_s8(graph, value, store); };
  const auto is_integer_product = [&](const Node& node) {
    return dynamic_cast<const MatMul*>(node.op.get()) && is_s8(node.inputs[1]);
  };
  const bool halves = has_half_attention(isa) && std::ranges::any_of(graph.nodes(), is_integer_product);
  return rewriter.run([&](const Node& node, int,
                          const std::vector<Value>& in) -> std::optional<std::vector<Value>> {
    if (node.kind == NodeKind::variable) {
      const Tensor* tensor = store.find(node.name);
      if (tensor && tensor->type() == DType::i8)
        return {{rewriter.to().variable(node.name, {DType::i8, tensor->shape()})}};
      return std::nullopt;
    }
    const auto scales_of = [&](const Value& weight, int64_t count) {
      return rewriter.to().variable(variable_of(graph, weight).name + "_scale", f32({count}));
    };
    if (is_integer_product(node)) {
      const auto* product = dynamic_cast<const MatMul*>(node.op.get());
      const int64_t n = node.outputs[0].shape[1];
      const Value scales = scales_of(node.inputs[1], n);
      const Value packed = packer.pack(in[1], product->trans_b, Precision::s8, scales);
      return {{rewriter.to().add<PackedMatMul>({in[0], packed, in[2], in[3]}, Precision::s8, isa,
                                               product->trans_a, n, product->activation)}};
    }
    if (const auto* attention = dynamic_cast<const Attention*>(node.op.get());
        attention && halves && halves_can_do(attention->options))
      return {{rewriter.to().add<HalfAttention>(in, attention->options), Value{}}};
    if (dynamic_cast<const Embedding*>(node.op.get()) && is_s8(node.inputs[0]))
      return {{embedding_s8(in[0], scales_of(node.inputs[0], node.inputs[0].dim(0)), in[1])}};
    if (dynamic_cast<const ExpertLinear*>(node.op.get()) &&
        std::all_of(node.inputs.begin() + 2, node.inputs.end(), is_s8)) {
      std::vector<Value> inputs = in;
      for (size_t e = 2; e < in.size(); ++e)
        inputs[e] = packer.pack(in[e], true, Precision::s8, scales_of(node.inputs[e], node.inputs[e].dim(0)));
      return {{rewriter.to().add<PackedExpertLinear>(inputs, Precision::s8, isa, node.outputs[0].shape[1])}};
    }
    return std::nullopt;
  });
}

std::shared_ptr<Graph> lower_products(const Graph& graph, Isa isa, Precision precision) {
  Rewriter rewriter(graph);
  Packer packer(rewriter, isa);
  return rewriter.run(
      [&](const Node& node, int, const std::vector<Value>& in) -> std::optional<std::vector<Value>> {
        if (const auto* product = dynamic_cast<const MatMul*>(node.op.get())) {
          const Precision as = product->exact ? Precision::f32 : precision;
          // The gradient of a weight that few rows went through is mostly stored, so packing and what follows
          // a product cost more than it: 32 rows through 384 x 1536 take 0.4 ms in place of 0.9.
          constexpr int64_t kFewTerms = 48;
          if (product->trans_a && !product->trans_b && as == Precision::f32 && !in[2] && !in[3] &&
              product->activation == Activation::none && in[0].dim(0) <= kFewTerms)
            return {{rewriter.to().add<HeadOuter>({in[0], in[1]}, 1)}};
          return {{rewriter.to().add<PackedMatMul>(
              {in[0], packer.pack(in[1], product->trans_b, as), in[2], in[3]}, as, isa, product->trans_a,
              node.outputs[0].shape[1], product->activation)}};
        }
        if (const auto* experts = dynamic_cast<const ExpertLinear*>(node.op.get())) {
          std::vector<Value> inputs = in;
          for (size_t e = 2; e < in.size(); ++e) inputs[e] = packer.pack(in[e], experts->trans_w, precision);
          return {{rewriter.to().add<PackedExpertLinear>(inputs, precision, isa, node.outputs[0].shape[1])}};
        }
        if (dynamic_cast<const ExpertOuter*>(node.op.get())) {
          const Value outer = rewriter.to().add<PackedExpertOuter>(in, precision, isa);
          std::vector<Value> outputs;
          for (int e = 0; e < static_cast<int>(node.outputs.size()); ++e)
            outputs.push_back(Graph::output_of(outer, e));
          return outputs;
        }
        return std::nullopt;
      });
}

}  // namespace frugal

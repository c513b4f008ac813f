#include "frugal/passes/lower.h"

#include "frugal/ops/embedding.h"
#include "frugal/ops/matmul.h"
#include "frugal/passes/rewrite.h"

namespace frugal {

std::shared_ptr<Graph> use_quantized_weights(const Graph& graph, const Store& store, Isa isa) {
  Rewriter rewriter(graph);
  // The name of the integer weight behind an old value, or null.
  const auto stored_s8 = [&](const Value& value) -> const Tensor* {
    const Node& node = graph.node(value.node);
    const Tensor* tensor = node.kind == NodeKind::variable ? store.find(node.name) : nullptr;
    return tensor && tensor->type() == DType::i8 ? tensor : nullptr;
  };
  return rewriter.run(
      [&](const Node& node, int, const std::vector<Value>& in) -> std::optional<std::vector<Value>> {
        if (node.kind == NodeKind::variable) {
          const Tensor* tensor = store.find(node.name);
          if (tensor && tensor->type() == DType::i8)
            return {{rewriter.to().variable(node.name, {DType::i8, tensor->shape()})}};
          return std::nullopt;
        }
        const auto scales_of = [&](const Value& weight) {
          return rewriter.to().variable(graph.node(weight.node).name + "_scale", f32({weight.dim(0)}));
        };
        if (const auto* product = dynamic_cast<const MatMul*>(node.op.get());
            product && stored_s8(node.inputs[1])) {
          const Value weight = node.inputs[1];
          const Value packed = rewriter.to().add<Pack>({in[1], scales_of(weight)}, Precision::s8, isa, true);
          return {{rewriter.to().add<PackedMatMul>({in[0], packed, in[2], in[3]}, Precision::s8, isa,
                                                   product->trans_a, weight.dim(0), product->activation)}};
        }
        if (dynamic_cast<const Embedding*>(node.op.get()) && stored_s8(node.inputs[0]))
          return {{embedding_s8(in[0], scales_of(node.inputs[0]), in[1])}};
        return std::nullopt;
      });
}

std::shared_ptr<Graph> lower_products(const Graph& graph, Isa isa, Precision precision) {
  Rewriter rewriter(graph);
  std::map<std::pair<Value, bool>, Value> packed;  // a matrix used by two products is packed once
  return rewriter.run(
      [&](const Node& node, int, const std::vector<Value>& in) -> std::optional<std::vector<Value>> {
        const auto* product = dynamic_cast<const MatMul*>(node.op.get());
        if (!product) return std::nullopt;
        Value& b = packed[{in[1], product->trans_b}];
        if (!b) b = rewriter.to().add<Pack>({in[1]}, precision, isa, product->trans_b);
        return {{rewriter.to().add<PackedMatMul>({in[0], b, in[2], in[3]}, precision, isa, product->trans_a,
                                                 node.outputs[0].shape[1], product->activation)}};
      });
}

}  // namespace frugal

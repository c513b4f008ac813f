#include "frugal/passes/fuse.h"

#include "frugal/ops/add.h"
#include "frugal/ops/matmul.h"
#include "frugal/ops/unary.h"
#include "frugal/passes/rewrite.h"

namespace frugal {

std::shared_ptr<Graph> fuse_epilogues(const Graph& graph) {
  const std::vector<int> uses = count_uses(graph);
  Rewriter rewriter(graph);
  // The product behind a new value, when nothing else reads the old one.
  const auto lone_product = [&](const Value& old, const Value& value) -> const MatMul* {
    const Node& node = rewriter.to().node(value.node);
    const auto* product = dynamic_cast<const MatMul*>(node.op.get());
    return uses[old.node] == 1 && product && !product->exact ? product : nullptr;
  };
  return rewriter.run([&](const Node& node, int,
                          const std::vector<Value>& in) -> std::optional<std::vector<Value>> {
    if (const auto* unary = dynamic_cast<const Unary*>(node.op.get())) {
      const MatMul* product = lone_product(node.inputs[0], in[0]);
      const Node& made = rewriter.to().node(in[0].node);
      if (!product || product->activation != Activation::none || made.inputs[3]) return std::nullopt;
      return {{rewriter.to().add<MatMul>(made.inputs, product->trans_a, product->trans_b, unary->f)}};
    }
    if (dynamic_cast<const Add*>(node.op.get())) {
      for (int side : {1, 0}) {
        const MatMul* product = lone_product(node.inputs[side], in[side]);
        if (!product || rewriter.to().node(in[side].node).inputs[3]) continue;
        std::vector<Value> inputs = rewriter.to().node(in[side].node).inputs;
        inputs[3] = in[1 - side];
        return {{rewriter.to().add<MatMul>(inputs, product->trans_a, product->trans_b, product->activation)}};
      }
    }
    return std::nullopt;
  });
}

}  // namespace frugal

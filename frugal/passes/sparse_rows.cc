#include "frugal/passes/sparse_rows.h"

#include "frugal/ops/adamw.h"
#include "frugal/ops/compact_rows.h"
#include "frugal/ops/embedding.h"
#include "frugal/ops/sum_squares.h"
#include "frugal/passes/rewrite.h"

namespace frugal {
namespace {

// Table gradients that only an update and the gradient's norm read.
std::vector<bool> replaceable(const Graph& graph) {
  const std::vector<bool> live = graph.live_nodes();
  std::vector<bool> ok(graph.nodes().size());
  for (size_t i = 0; i < ok.size(); ++i)
    ok[i] = dynamic_cast<const EmbeddingGrad*>(graph.node(static_cast<int>(i)).op.get()) != nullptr;
  for (size_t i = 0; i < ok.size(); ++i) {
    const Node& node = graph.node(static_cast<int>(i));
    if (!live[i] || dynamic_cast<const SumSquares*>(node.op.get())) continue;
    for (size_t k = 0; k < node.inputs.size(); ++k)
      if (node.inputs[k] && !(dynamic_cast<const AdamW*>(node.op.get()) && k == 1))
        ok[node.inputs[k].node] = false;
  }
  for (const auto& [name, value] : graph.outputs()) ok[value.node] = false;
  return ok;
}

}  // namespace

std::shared_ptr<Graph> update_touched_rows(const Graph& graph) {
  const std::vector<bool> ok = replaceable(graph);
  Rewriter rewriter(graph);
  std::map<int, RowGradient> rows_of;  // by the old gradient's node
  return rewriter.run(
      [&](const Node& node, int i, const std::vector<Value>& in) -> std::optional<std::vector<Value>> {
        if (ok[i]) {
          const RowGradient rows = compact_rows(in[0], in[1]);
          rows_of[i] = rows;
          return {{rows.rows}};  // the norm reads the rows: the others are zero
        }
        const auto* update = dynamic_cast<const AdamW*>(node.op.get());
        if (!update || !ok[node.inputs[1].node]) return std::nullopt;
        const RowGradient& rows = rows_of.at(node.inputs[1].node);
        const std::string name = graph.node(node.inputs[0].node).name;
        const Value active = rewriter.to().variable("adam.active." + name, {DType::u8, {in[0].dim(0)}});
        adamw_rows(in[0], in[2], in[3], rows.rows, rows.slots, active, in[4], in[5], update->settings);
        return std::vector<Value>(node.outputs.size());
      });
}

}  // namespace frugal

#include "frugal/passes/narrow.h"

#include <algorithm>

#include "frugal/ops/attention.h"
#include "frugal/ops/gather_rows.h"
#include "frugal/ops/xl_attention.h"
#include "frugal/passes/rewrite.h"

namespace frugal {
namespace {

class Narrower {
 public:
  explicit Narrower(const Graph& graph) : graph_(graph), rewriter_(graph) {}

  std::shared_ptr<Graph> run() {
    find_demand();
    return rewriter_.run(
        [this](const Node& node, int i, const std::vector<Value>& in) { return rule(node, i, in); });
  }

 private:
  struct Demand {
    bool full = false, narrow = false;
  };

  // Backwards: what of each node is read, all rows or the gathered ones. Only the first gather's rows count;
  // any other gather reads its input in full.
  void find_demand() {
    const std::vector<bool> live = graph_.live_nodes();
    demand_.resize(graph_.nodes().size());
    for (const auto& [name, value] : graph_.outputs()) demand_[value.node].full = true;
    for (int i = static_cast<int>(graph_.nodes().size()) - 1; i >= 0; --i) {
      const Node& node = graph_.node(i);
      if (!live[i] || node.kind != NodeKind::operation) continue;
      const bool gather = is_the_gather(node);
      const std::vector<int> rows = narrow_only(i) ? row_inputs(node) : std::vector<int>{};
      for (int k = 0; k < static_cast<int>(node.inputs.size()); ++k) {
        if (!node.inputs[k]) continue;
        Demand& demand = demand_[node.inputs[k].node];
        const bool narrow = (gather && k == 0) || std::find(rows.begin(), rows.end(), k) != rows.end();
        (narrow ? demand.narrow : demand.full) = true;
      }
    }
  }

  // Row inputs of an operation; attention's queries count, for its keys and values stay whole. A lone query
  // of causal attention stands for the last row and sees all keys, so it must be the last.
  std::vector<int> row_inputs(const Node& node) const {
    if (dynamic_cast<const XlAttention*>(node.op.get()))
      return {0, kXlQueryPositions, kXlQueryTypes, kXlHidden};
    const auto* attention = dynamic_cast<const Attention*>(node.op.get());
    if (!attention) return node.op->row_inputs();
    const bool last = index_ && graph_.node(index_.node).name.ends_with("last_rows");
    return !attention->options.causal || last ? std::vector<int>{0} : std::vector<int>{};
  }

  bool is_the_gather(const Node& node) {
    if (!dynamic_cast<const GatherRows*>(node.op.get())) return false;
    const auto is_input = [&](const Value& value) { return graph_.node(value.node).kind == NodeKind::input; };
    if (!is_input(node.inputs[1]) || !is_input(node.inputs[2])) return false;
    if (!index_) index_ = node.inputs[1], offsets_ = node.inputs[2];
    return node.inputs[1] == index_ && node.inputs[2] == offsets_;
  }

  bool narrow_only(int i) const {
    const Node& node = graph_.node(i);
    return demand_[i].narrow && !demand_[i].full && node.kind == NodeKind::operation &&
           !row_inputs(node).empty();
  }

  std::optional<std::vector<Value>> rule(const Node& node, int i, const std::vector<Value>& in) {
    if (node.kind != NodeKind::operation) return std::nullopt;
    if (is_the_gather(node)) return {{gathered(node.inputs[0], in[0])}};
    if (!narrow_only(i)) return std::nullopt;
    std::vector<Value> inputs = in;
    for (int k : row_inputs(node))
      if (inputs[k]) inputs[k] = gathered(node.inputs[k], in[k]);
    if (dynamic_cast<const Attention*>(node.op.get()) || dynamic_cast<const XlAttention*>(node.op.get()))
      inputs[3] = rewriter_.ahead(offsets_);
    const Value narrow = rewriter_.to().apply(node.op, inputs);
    std::vector<Value> outputs;
    for (int o = 0; o < static_cast<int>(node.outputs.size()); ++o)
      outputs.push_back(Graph::output_of(narrow, o));
    return outputs;
  }

  // The picked rows of an old value: itself when it was built narrow, else one gather that all readers share.
  Value gathered(const Value& old, const Value& value) {
    if (narrow_only(old.node)) return value;
    auto [slot, fresh] = gathers_.try_emplace(value);
    if (fresh) slot->second = gather_rows(value, rewriter_.ahead(index_), rewriter_.ahead(offsets_));
    return slot->second;
  }

  const Graph& graph_;
  Rewriter rewriter_;
  std::vector<Demand> demand_;
  Value index_, offsets_;  // of the one gather, in the old graph
  std::map<Value, Value> gathers_;
};

}  // namespace

std::shared_ptr<Graph> narrow_rows(const Graph& graph) { return Narrower(graph).run(); }

}  // namespace frugal

#include "frugal/passes/rewrite.h"

#include <cassert>

#include "frugal/ops/add.h"

namespace frugal {

std::shared_ptr<Graph> Rewriter::run(const Rule& rule) {
  const std::vector<bool> live = from_.live_nodes();
  values_.assign(from_.nodes().size(), {});
  begins_.assign(from_.nodes().size(), 0);
  for (int i = 0; i < static_cast<int>(from_.nodes().size()); ++i) {
    begins_[i] = static_cast<int>(to_->nodes().size());
    if (!live[i]) continue;
    const Node& node = from_.node(i);
    to_->set_scope(node.scope);
    std::vector<Value> inputs;
    for (const Value& input : node.inputs) inputs.push_back(input ? mapped(input) : Value{});
    if (auto replaced = rule(node, i, inputs)) {
      values_[i] = std::move(*replaced);
      continue;
    }
    Value copy;
    if (node.kind == NodeKind::input) copy = to_->input(node.name, node.outputs[0]);
    if (node.kind == NodeKind::variable) copy = to_->variable(node.name, node.outputs[0]);
    if (node.kind == NodeKind::constant) copy = to_->constant(node.value);
    if (node.kind == NodeKind::operation) copy = to_->apply(node.op, std::move(inputs));
    for (int o = 0; o < static_cast<int>(node.outputs.size()); ++o)
      values_[i].push_back(Graph::output_of(copy, o));
  }
  for (const auto& [name, value] : from_.outputs()) to_->set_output(name, mapped(value));
  for (const ReversibleSum& sum : from_.reversible_sums())
    if (live[sum.sum.node]) copy_reversible(sum);
  return to_;
}

Value Rewriter::ahead(const Value& old) {
  if (!old) return {};
  if (!values_[old.node].empty()) return mapped(old);
  const Node& node = from_.node(old.node);
  if (node.kind == NodeKind::input) return to_->input(node.name, node.outputs[0]);
  if (node.kind == NodeKind::variable) return to_->variable(node.name, node.outputs[0]);
  assert(node.kind == NodeKind::constant);
  return to_->constant(node.value);
}

// A sum that the rule has changed (fewer rows, say) is an ordinary one from here on, or gone inside another
// operation.
void Rewriter::copy_reversible(const ReversibleSum& sum) {
  const Value x = mapped(sum.x), branch = mapped(sum.branch), result = mapped(sum.sum);
  if (!result) return;
  const Node& node = to_->node(result.node);
  if (dynamic_cast<const Add*>(node.op.get()) && node.inputs == std::vector<Value>{x, branch})
    to_->add_reversible({begins_[sum.first], x, branch, result});
}

std::shared_ptr<Graph> copy_graph(const Graph& graph) {
  return Rewriter(graph).run([](const Node&, int, const std::vector<Value>&) { return std::nullopt; });
}

std::vector<int> count_uses(const Graph& graph) {
  std::vector<int> uses(graph.nodes().size(), 0);
  const std::vector<bool> live = graph.live_nodes();
  for (size_t i = 0; i < uses.size(); ++i)
    if (live[i])
      for (const Value& input : graph.node(static_cast<int>(i)).inputs)
        if (input) ++uses[input.node];
  for (const auto& [name, value] : graph.outputs()) ++uses[value.node];
  return uses;
}

}  // namespace frugal

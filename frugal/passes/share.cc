#include "frugal/passes/share.h"

#include <map>

#include "frugal/ops/matmul.h"
#include "frugal/passes/rewrite.h"

namespace frugal {
namespace {

// Results of a step live together from it on, so products far apart stay apart: the keys of all of a
// decoder's layers read the same encoder.
constexpr int kNear = 24;  // nodes

// A product that may be one of several, else null.
const PackedMatMul* candidate(const Graph& graph, int i) {
  const Node& node = graph.node(i);
  const auto* product = dynamic_cast<const PackedMatMul*>(node.op.get());
  if (!product || product->trans_a || node.inputs[3]) return nullptr;
  // Whatever it reads beside the rows must be there before the first of the others runs.
  for (const int input : {1, 2})
    if (const Value& value = node.inputs[input]; value && graph.node(value.node).kind == NodeKind::operation)
      return nullptr;
  return product;
}

// Groups of products, by the node of their first.
std::map<int, std::vector<int>> groups_of(const Graph& graph) {
  std::map<int, std::vector<int>> groups;
  std::vector<int> firsts;
  const std::vector<bool> live = graph.live_nodes();
  for (int i = 0; i < static_cast<int>(graph.nodes().size()); ++i) {
    const PackedMatMul* product = live[i] ? candidate(graph, i) : nullptr;
    if (!product) continue;
    bool joined = false;
    for (const int first : firsts) {
      const auto* other = static_cast<const PackedMatMul*>(graph.node(first).op.get());
      std::vector<int>& group = groups[first];
      joined = i - first <= kNear && graph.node(first).inputs[0] == graph.node(i).inputs[0] &&
               other->n == product->n && other->precision == product->precision &&
               group.size() < kMostProducts;
      if (joined) group.push_back(i);
      if (joined) break;
    }
    if (joined) continue;
    firsts.push_back(i);
    groups[i] = {i};
  }
  std::erase_if(groups, [](const auto& group) { return group.second.size() < 2; });
  return groups;
}

}  // namespace

std::shared_ptr<Graph> share_products(const Graph& graph) {
  const std::map<int, std::vector<int>> groups = groups_of(graph);
  std::map<int, Value> made;  // by the old product
  Rewriter rewriter(graph);
  return rewriter.run([&](const Node& node, int i,
                          const std::vector<Value>& in) -> std::optional<std::vector<Value>> {
    if (const auto group = groups.find(i); group != groups.end()) {
      const auto* product = static_cast<const PackedMatMul*>(node.op.get());
      std::vector<Value> inputs{in[0]};
      std::vector<Activation> activations;
      for (const int member : group->second) {
        for (const int input : {1, 2}) inputs.push_back(rewriter.ahead(graph.node(member).inputs[input]));
        activations.push_back(static_cast<const PackedMatMul*>(graph.node(member).op.get())->activation);
      }
      const Value all =
          rewriter.to().add<SharedMatMul>(inputs, product->precision, product->isa, product->n, activations);
      for (int m = 0; m < static_cast<int>(group->second.size()); ++m)
        made[group->second[m]] = Graph::output_of(all, m);
    }
    if (const auto found = made.find(i); found != made.end()) return {{found->second}};
    return std::nullopt;
  });
}

}  // namespace frugal

// What every graph pass is made of: copy a graph node by node, replacing the nodes that a rule recognises.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "frugal/graph/graph.h"

namespace frugal {

class Rewriter {
 public:
  // The rule sees a node of the old graph and its inputs in the new one; it returns the new values of the
  // node's outputs (empty ones where nobody reads one), or nothing to have the node copied. Dead nodes are
  // not copied. Names, scopes, outputs and reversible sums are kept.
  using Rule = std::function<std::optional<std::vector<Value>>(const Node& node, int index,
                                                               const std::vector<Value>& inputs)>;

  explicit Rewriter(const Graph& from) : from_(from), to_(std::make_shared<Graph>()) {}
  std::shared_ptr<Graph> run(const Rule& rule);
  Graph& to() { return *to_; }
  // The new value of an old one that was already copied.
  Value mapped(const Value& old) const { return values_[old.node][old.output]; }
  // The same, also of an input, variable or constant whose turn has not come; empty for an empty one. For
  // nodes that are made before all they read was copied.
  Value ahead(const Value& old);

 private:
  void copy_reversible(const ReversibleSum& sum);

  const Graph& from_;
  std::shared_ptr<Graph> to_;
  std::vector<std::vector<Value>> values_;
  std::vector<int> begins_;  // by old node: how many new nodes there were when its turn came
};

// A copy without the dead nodes.
std::shared_ptr<Graph> copy_graph(const Graph& graph);

// How many live nodes and outputs read each value of node i (all outputs together).
std::vector<int> count_uses(const Graph& graph);

}  // namespace frugal

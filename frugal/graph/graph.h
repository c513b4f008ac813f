// A graph of operations in the order they were added; the one definition that is run, differentiated,
// rewritten and priced. Shapes are static. Not synchronised.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "frugal/graph/op.h"

namespace frugal {

class Graph;

// One output of one node; cheap to copy, valid as long as its graph.
struct Value {
  Graph* graph = nullptr;
  int node = -1;
  int output = 0;

  explicit operator bool() const { return graph != nullptr; }
  const TensorType& type() const;
  const Shape& shape() const { return type().shape; }
  int64_t dim(int i) const { return shape()[i < 0 ? shape().size() + i : static_cast<size_t>(i)]; }
  bool operator==(const Value& other) const { return node == other.node && output == other.output; }
  bool operator<(const Value& other) const {
    return node != other.node ? node < other.node : output < other.output;
  }
};

// Of a node's inputs; an empty type for an input that is left out.
std::vector<TensorType> types_of(const std::vector<Value>& values);

enum class NodeKind : uint8_t {
  operation,
  input,     // given at each run
  variable,  // a named tensor that outlives runs: a weight, or optimizer state
  constant,  // a value known when the graph is built
};

struct Node {
  NodeKind kind = NodeKind::operation;
  std::shared_ptr<const Op> op;  // operation only
  std::vector<Value> inputs;
  std::vector<TensorType> outputs;
  std::string name;   // of an input or variable
  std::string scope;  // module path that added it ("bert.encoder.layer.0.attention")
  Tensor value;       // constant only
};

// sum = x + branch, of which the nodes [first, sum's) compute the branch: x can be had back from the sum and
// the branch (Gomez et al., "The reversible residual network", 2017), see add_gradients.
struct ReversibleSum {
  int first = 0;
  Value x, branch, sum;
};

class Graph {
 public:
  Graph() = default;
  Graph(const Graph&) = delete;  // Values point into it
  Graph& operator=(const Graph&) = delete;

  Value input(const std::string& name, TensorType type);
  // The same name gives the same node again (tied weights); a different type for it is an error.
  Value variable(const std::string& name, TensorType type);
  Value constant(Tensor value);
  // Adds a node; the returned Value is output 0. Errors of the shape rule carry the module path and input
  // types.
  Value apply(std::shared_ptr<const Op> op, std::vector<Value> inputs);
  template <class OpType, class... Args>
  Value add(std::vector<Value> inputs, Args&&... args) {
    return apply(std::make_shared<OpType>(OpType{std::forward<Args>(args)...}), std::move(inputs));
  }
  static Value output_of(Value node, int output) { return {node.graph, node.node, output}; }

  void set_output(const std::string& name, Value value) { outputs_[name] = value; }
  // Forgets all outputs but these.
  void keep_outputs(const std::vector<std::string>& names);
  const std::map<std::string, Value>& outputs() const { return outputs_; }

  const std::vector<Node>& nodes() const { return nodes_; }
  Node& node(int i) { return nodes_[i]; }
  const Node& node(int i) const { return nodes_[i]; }
  std::optional<Value> find_variable(const std::string& name) const;
  std::optional<Value> find_input(const std::string& name) const;

  const std::string& scope() const { return scope_; }
  void set_scope(std::string scope) { scope_ = std::move(scope); }

  void add_reversible(ReversibleSum sum) { reversible_sums_.push_back(sum); }
  const std::vector<ReversibleSum>& reversible_sums() const { return reversible_sums_; }

  // Which nodes the outputs and the updates need.
  std::vector<bool> live_nodes() const;

 private:
  std::vector<Node> nodes_;
  std::map<std::string, Value> outputs_;
  std::map<std::string, int> variables_, inputs_;
  std::vector<ReversibleSum> reversible_sums_;
  std::string scope_;
};

}  // namespace frugal

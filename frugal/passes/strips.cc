#include "frugal/passes/strips.h"

#include <algorithm>
#include <set>

#include "frugal/passes/rewrite.h"
#include "frugal/runtime/row_strips.h"

namespace frugal {
namespace {

// Packed weights of a product pass by once for each strip. Of BERT-base with 8 x 128 tokens, those of the
// feed-forward in int8 (2.4 MB) cost nothing, those in fp32 (9.4 MB) up to a tenth of the time.
constexpr size_t kMostWeights = size_t{6} << 20;
// With strips of fewer rows than these, 2.4 MB do cost: DistilBERT with 1 x 16 tokens takes a tenth longer.
constexpr size_t kLightWeights = size_t{1} << 20;
constexpr int64_t kHeavyRows = 16;

struct Group {
  std::vector<int> nodes;
  int64_t rows = 0;
};

class Joiner {
 public:
  Joiner(const Graph& graph, int threads) : graph_(graph), threads_(threads), live_(graph.live_nodes()) {}

  std::shared_ptr<Graph> run() {
    find_groups();
    Rewriter rewriter(graph_);
    return rewriter.run(
        [&](const Node&, int i, const std::vector<Value>&) -> std::optional<std::vector<Value>> {
          if (const auto group = groups_.find(i); group != groups_.end()) add(group->second, rewriter);
          if (const auto found = made_.find(i); found != made_.end()) return found->second;
          return std::nullopt;
        });
  }

 private:
  void find_groups() {
    Group group;
    const auto close = [&] {
      if (group.nodes.size() > 1) groups_[group.nodes.front()] = group;
      group = {};
    };
    for (int i = 0; i < static_cast<int>(live_.size()); ++i) {
      const Node& node = graph_.node(i);
      if (!live_[i] || node.kind != NodeKind::operation) continue;
      if (!group.nodes.empty() && !joins(node, group)) close();
      if (group.nodes.empty()) group.rows = rows_of(node);
      if (group.rows == 0) continue;
      group.nodes.push_back(i);
    }
    close();
  }

  // The rows of an operation on rows that can be cut into strips, 0 for any other.
  int64_t rows_of(const Node& node) const {
    const std::vector<int> inputs = node.op->row_inputs();
    if (inputs.empty() || node.op->is_view() || node.outputs[0].shape.empty()) return 0;
    const int64_t rows = node.outputs[0].shape[0];
    const auto cut = [rows](const TensorType& type) { return !type.shape.empty() && type.shape[0] == rows; };
    const bool all = std::all_of(node.outputs.begin(), node.outputs.end(), cut) &&
                     std::all_of(inputs.begin(), inputs.end(),
                                 [&](int k) { return !node.inputs[k] || cut(node.inputs[k].type()); });
    return all && strips_pay(node, rows) ? rows : 0;
  }

  // Of packed weights, as much as may pass by once for each strip.
  bool strips_pay(const Node& node, int64_t rows) const {
    size_t most = RowStrips::strip_rows(rows, threads_) < kHeavyRows ? kLightWeights : kMostWeights;
    if (!RowStrips::takes_products(rows, threads_)) most = 0;
    return std::none_of(node.inputs.begin(), node.inputs.end(), [&](const Value& input) {
      return input && input.type().type == DType::u8 && input.type().byte_count() > most;
    });
  }

  // Whether it may follow the group: its rows are the group's, and what it reads beside its rows was there
  // before.
  bool joins(const Node& node, const Group& group) const {
    if (rows_of(node) != group.rows) return false;
    const std::vector<int> rows = node.op->row_inputs();
    for (int k = 0; k < static_cast<int>(node.inputs.size()); ++k) {
      const bool row = std::find(rows.begin(), rows.end(), k) != rows.end();
      if (!row && node.inputs[k] && contains(group, node.inputs[k].node)) return false;
    }
    return true;
  }

  static bool contains(const Group& group, int node) {
    return std::binary_search(group.nodes.begin(), group.nodes.end(), node);
  }

  // Values of the group that others read.
  std::set<Value> results_of(const Group& group) const {
    std::set<Value> results;
    for (const auto& [name, value] : graph_.outputs())
      if (contains(group, value.node)) results.insert(value);
    for (int i = group.nodes.front(); i < static_cast<int>(live_.size()); ++i)
      if (live_[i] && !contains(group, i))
        for (const Value& input : graph_.node(i).inputs)
          if (input && contains(group, input.node)) results.insert(input);
    return results;
  }

  void add(const Group& group, Rewriter& rewriter) {
    auto body = std::make_shared<Graph>();
    std::vector<Value> inputs;  // of the new step
    std::vector<bool> sliced;
    std::map<std::pair<Value, bool>, Value>
        given;  // an outer value as the body's input, cut by rows or whole
    std::map<int, Value> inner;
    const auto in_body = [&](const Value& value, bool row) -> Value {
      if (!value) return {};
      if (const auto found = inner.find(value.node); found != inner.end())
        return Graph::output_of(found->second, value.output);
      Value& input = given[{value, row}];
      if (!input) {
        input = body->input(std::to_string(inputs.size()), value.type());
        inputs.push_back(rewriter.ahead(value));
        sliced.push_back(row);
      }
      return input;
    };
    for (const int i : group.nodes) {
      const Node& node = graph_.node(i);
      const std::vector<int> rows = node.op->row_inputs();
      std::vector<Value> operands;
      for (int k = 0; k < static_cast<int>(node.inputs.size()); ++k)
        operands.push_back(in_body(node.inputs[k], std::find(rows.begin(), rows.end(), k) != rows.end()));
      body->set_scope(node.scope);
      inner[i] = body->apply(node.op, operands);
      made_[i].resize(node.outputs.size());
    }
    const std::set<Value> results = results_of(group);
    int count = 0;
    for (const Value& value : results)
      body->set_output(std::to_string(count++), Graph::output_of(inner.at(value.node), value.output));
    const Value strips = rewriter.to().add<RowStrips>(inputs, body, group.rows, sliced);
    count = 0;
    for (const Value& value : results) made_[value.node][value.output] = Graph::output_of(strips, count++);
  }

  const Graph& graph_;
  const int threads_;
  const std::vector<bool> live_;
  std::map<int, Group> groups_;  // by their first node
  std::map<int, std::vector<Value>>
      made_;  // new values of the grouped nodes; empty where nobody else reads one
};

}  // namespace

std::shared_ptr<Graph> join_row_operations(const Graph& graph, const Context& context) {
  return Joiner(graph, context.team->threads()).run();
}

}  // namespace frugal

#include "frugal/passes/lone_queries.h"

#include "frugal/ops/attention.h"
#include "frugal/ops/gather_rows.h"
#include "frugal/ops/head_linear.h"
#include "frugal/ops/matmul.h"
#include "frugal/ops/reshape.h"
#include "frugal/ops/scale_ids.h"
#include "frugal/passes/lower.h"
#include "frugal/passes/rewrite.h"

namespace frugal {
namespace {

class Joiner {
 public:
  Joiner(const Graph& graph, const Store* store)
      : graph_(graph), store_(store), uses_(count_uses(graph)), rewriter_(graph) {}

  std::shared_ptr<Graph> run() {
    return rewriter_.run(
        [this](const Node& node, int, const std::vector<Value>& in) { return rule(node, in); });
  }

 private:
  // The product of x and a weight [N, K] that a value is; null if it is another one.
  const Node* linear_of(const Value& value) const {
    const Node& node = graph_.node(value.node);
    const auto* product = dynamic_cast<const MatMul*>(node.op.get());
    const bool plain = product && !product->trans_a && product->trans_b && !product->exact &&
                       product->activation == Activation::none && !node.inputs[3] &&
                       !(store_ && stored_s8(graph_, node.inputs[1], *store_));
    return plain ? &node : nullptr;
  }

  // Whether the queries are made of the row that each sequence was narrowed to.
  bool lone(const Node& attention) const {
    const Node* query = linear_of(attention.inputs[0]);
    if (!query) return false;
    const Node& rows = graph_.node(query->inputs[0].node);
    if (!dynamic_cast<const GatherRows*>(rows.op.get()) || rows.inputs[2] != attention.inputs[3])
      return false;
    const std::string& index = graph_.node(rows.inputs[1].node).name;
    return index.ends_with("first_rows") || index.ends_with("last_rows");
  }

  std::optional<std::vector<Value>> rule(const Node& node, const std::vector<Value>& in) {
    const auto* attention = dynamic_cast<const Attention*>(node.op.get());
    if (!attention || attention->options.window > 0 || !lone(node)) return std::nullopt;
    const Node *key = linear_of(node.inputs[1]), *value = linear_of(node.inputs[2]);
    const bool own_heads = node.inputs[1].dim(1) == node.inputs[0].dim(1);
    if (!key || !value || !own_heads || uses_[node.inputs[1].node] != 1 || uses_[node.inputs[2].node] != 1 ||
        key->inputs[0] != value->inputs[0])
      return std::nullopt;
    const Value x = rewriter_.mapped(key->inputs[0]);
    const int heads = attention->options.heads;
    // All heads of a sequence see the same rows: they are queries of one head, side by side.
    const int64_t sequences = in[0].dim(0), width = x.dim(1);
    const Value queries = head_linear(in[0], rewriter_.ahead(key->inputs[1]), heads);
    AttentionOptions options = attention->options;
    options.heads = 1;
    options.causal = false;  // the last row sees all
    const Value mixed =
        frugal::attention(reshape(queries, {sequences * heads, width}), x, x, scale_ids(in[3], heads), in[4],
                          options, in.size() > 5 ? in[5] : Value{});
    const Value bias = value->inputs[2] ? rewriter_.ahead(value->inputs[2]) : Value{};
    return {{head_linear_t(reshape(mixed, {sequences, heads * width}), rewriter_.ahead(value->inputs[1]),
                           bias, heads),
             Value{}}};
  }

  const Graph& graph_;
  const Store* store_;
  const std::vector<int> uses_;
  Rewriter rewriter_;
};

}  // namespace

std::shared_ptr<Graph> join_lone_queries(const Graph& graph, const Store* store) {
  return Joiner(graph, store).run();
}

}  // namespace frugal

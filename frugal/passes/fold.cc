#include "frugal/passes/lower.h"

#include <fmt/format.h>

#include "frugal/base/checked.h"
#include "frugal/passes/rewrite.h"
#include "frugal/runtime/program.h"

namespace frugal {
namespace {

// A text that names what a static value is computed from; equal texts, equal values.
std::string expression(const Graph& graph, const Value& value) {
  if (!value) return "-";
  const Node& node = graph.node(value.node);
  if (node.kind == NodeKind::variable) return node.name;
  std::string text = fmt::format("{}[{}]{}(", node.op->name(), node.op->attributes(), value.output);
  for (const Value& input : node.inputs) text += expression(graph, input) + ",";
  return text + ")";
}

Value copy_expression(const Graph& from, const Value& value, Graph& to) {
  const Node& node = from.node(value.node);
  if (node.kind == NodeKind::variable) return to.variable(node.name, node.outputs[0]);
  std::vector<Value> inputs;
  for (const Value& input : node.inputs) inputs.push_back(input ? copy_expression(from, input, to) : Value{});
  return Graph::output_of(to.apply(node.op, std::move(inputs)), value.output);
}

Tensor computed(const std::shared_ptr<Graph>& part, const Context& context, Store& store) {
  const std::shared_ptr<Store> weights(&store, [](Store*) {});
  // A lone operation, as most are, writes where its result stays; others leave what lies between behind.
  const size_t bytes = plan_memory(*part).arena_bytes,
               wanted = part->outputs().at("value").type().byte_count();
  const bool lone = bytes <= static_cast<size_t>(round_up(static_cast<int64_t>(wanted), 64));
  Program program(part, context, weights,
                  lone ? std::make_shared<Arena>(store.folded_memory(bytes)) : std::make_shared<Arena>());
  program.run();
  const Tensor value = program.output("value");
  return lone ? value : value.clone();
}

}  // namespace

std::shared_ptr<Graph> fold_constants(const Graph& graph, const Context& context, Store& store) {
  // Static: an operation on variables (or on nothing) through operations on variables. Folded: a static value
  // that others read; what is in between is neither kept nor run.
  std::vector<bool> is_static(graph.nodes().size()), folded(graph.nodes().size());
  for (size_t i = 0; i < is_static.size(); ++i) {
    const Node& node = graph.node(static_cast<int>(i));
    is_static[i] =
        node.kind == NodeKind::variable || (node.kind == NodeKind::operation && node.op->updates().empty());
    for (const Value& input : node.inputs) is_static[i] = is_static[i] && (!input || is_static[input.node]);
    if (is_static[i]) continue;
    for (const Value& input : node.inputs)
      if (input) folded[input.node] = is_static[input.node];
  }
  for (const auto& [name, value] : graph.outputs()) folded[value.node] = is_static[value.node];
  Rewriter rewriter(graph);
  return rewriter.run(
      [&](const Node& node, int i, const std::vector<Value>&) -> std::optional<std::vector<Value>> {
        if (node.kind != NodeKind::operation || !folded[i]) return std::nullopt;
        std::vector<Value> values;
        for (int o = 0; o < static_cast<int>(node.outputs.size()); ++o) {
          const Value value{const_cast<Graph*>(&graph), i, o};
          Tensor& kept = store.folded()[expression(graph, value)];
          if (!kept) {
            auto part = std::make_shared<Graph>();
            part->set_output("value", copy_expression(graph, value, *part));
            kept = computed(part, context, store);
            // The masters have served; whoever needs one again (an embedding tied to the head) rereads it.
            for (const Node& source : part->nodes())
              if (const Tensor* master = store.find(source.name); source.kind == NodeKind::variable && master)
                master->drop_pages();
          }
          values.push_back(rewriter.to().constant(kept));
        }
        return values;
      });
}

}  // namespace frugal

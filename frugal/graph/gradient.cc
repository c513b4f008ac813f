#include "frugal/graph/gradient.h"

#include "frugal/base/error.h"
#include "frugal/ops/add.h"

namespace frugal {

std::vector<Value> add_gradients(Graph& graph, Value loss, const std::vector<Value>& targets) {
  const int end = loss.node + 1;
  // A node matters when it lies between a target and the loss.
  std::vector<bool> depends(end, false);
  for (const Value& target : targets)
    if (target.node < end) depends[target.node] = true;
  for (int i = 0; i < end; ++i)
    for (const Value& input : graph.node(i).inputs)
      if (input && depends[input.node]) depends[i] = true;

  std::map<Value, Value> gradients;
  gradients[loss] = graph.constant(Tensor::scalar(1.0f));
  for (int i = end - 1; i >= 0; --i) {
    if (!depends[i] || graph.node(i).kind != NodeKind::operation) continue;
    const std::vector<Value> inputs = graph.node(i).inputs;
    const std::shared_ptr<const Op> op = graph.node(i).op;
    std::vector<Value> outputs, output_gradients;
    bool reached = false;
    for (int o = 0; o < static_cast<int>(graph.node(i).outputs.size()); ++o) {
      outputs.push_back({&graph, i, o});
      const auto found = gradients.find(outputs.back());
      output_gradients.push_back(found == gradients.end() ? Value{} : found->second);
      reached |= found != gradients.end();
    }
    if (!reached) continue;
    std::vector<bool> needed;
    for (const Value& input : inputs) needed.push_back(input && depends[input.node]);
    graph.set_scope(graph.node(i).scope + "'");
    const auto input_gradients = op->gradient({graph, inputs, outputs, output_gradients, needed});
    for (size_t k = 0; k < inputs.size(); ++k) {
      if (!needed[k] || !input_gradients[k]) continue;
      auto [slot, fresh] = gradients.try_emplace(inputs[k], input_gradients[k]);
      if (!fresh) slot->second = add(slot->second, input_gradients[k]);
    }
  }
  std::vector<Value> result;
  for (const Value& target : targets) {
    const auto found = gradients.find(target);
    result.push_back(found == gradients.end() ? Value{} : found->second);
  }
  return result;
}

}  // namespace frugal

#include "frugal/graph/gradient.h"

#include "frugal/base/error.h"
#include "frugal/ops/add.h"
#include "frugal/ops/scale.h"

namespace frugal {
namespace {

class Backward {
 public:
  Backward(Graph& graph, Value loss, const std::vector<Value>& targets)
      : graph_(graph), end_(loss.node + 1), depends_(end_, false) {
    // A node matters when it lies between a target and the loss.
    for (const Value& target : targets)
      if (target.node < end_) depends_[target.node] = true;
    for (int i = 0; i < end_; ++i)
      for (const Value& input : graph.node(i).inputs)
        if (input && depends_[input.node]) depends_[i] = true;
    gradients_[loss] = graph.constant(Tensor::scalar(1.0f));
  }

  void run(Activations activations) {
    std::map<int, ReversibleSum> sums;
    if (activations == Activations::rebuild)
      for (const ReversibleSum& sum : graph_.reversible_sums()) sums[sum.sum.node] = sum;
    for (int i = end_ - 1; i >= 0; --i) {
      if (!depends_[i] || graph_.node(i).kind != NodeKind::operation) continue;
      const auto sum = sums.find(i);
      if (sum != sums.end() && gradient(sum->second.sum)) rebuild(sum->second);
      differentiate(i);
    }
  }

  Value gradient(const Value& value) const {
    const auto found = gradients_.find(value);
    return found == gradients_.end() ? Value{} : found->second;
  }

 private:
  std::vector<Value> outputs_of(int i) {
    std::vector<Value> outputs;
    for (int o = 0; o < static_cast<int>(graph_.node(i).outputs.size()); ++o)
      outputs.push_back({&graph_, i, o});
    return outputs;
  }

  // What stands for forward values in the backward pass: the rebuilt ones where there are any.
  std::vector<Value> present(std::vector<Value> values) const {
    for (Value& value : values)
      if (const auto found = rebuilt_.find(value); found != rebuilt_.end()) value = found->second;
    return values;
  }

  void rebuild(const ReversibleSum& s) {
    for (int i = s.first; i < s.sum.node; ++i) {
      if (graph_.node(i).kind != NodeKind::operation) continue;
      graph_.set_scope(graph_.node(i).scope + "~");
      const std::shared_ptr<const Op> op = graph_.node(i).op;
      const std::vector<Value> first = outputs_of(i);
      const Value again = graph_.apply(op, op->replay_inputs(present(graph_.node(i).inputs), first));
      for (const Value& value : first) rebuilt_[value] = Graph::output_of(again, value.output);
    }
    const Value sum = present({s.sum})[0], branch = present({s.branch})[0];
    rebuilt_.try_emplace(s.x, weighted_sum(sum, 1, branch, -1));
  }

  // Adds the gradients of node i's inputs.
  void differentiate(int i) {
    const std::vector<Value> inputs = graph_.node(i).inputs, outputs = outputs_of(i);
    const std::shared_ptr<const Op> op = graph_.node(i).op;
    std::vector<Value> output_gradients;
    bool reached = false;
    for (const Value& output : outputs) {
      output_gradients.push_back(gradient(output));
      reached |= static_cast<bool>(output_gradients.back());
    }
    if (!reached) return;
    std::vector<bool> needed;
    for (const Value& input : inputs) needed.push_back(input && depends_[input.node]);
    graph_.set_scope(graph_.node(i).scope + "'");
    const auto input_gradients =
        op->gradient({graph_, present(inputs), present(outputs), output_gradients, needed});
    for (size_t k = 0; k < inputs.size(); ++k) {
      if (!needed[k] || !input_gradients[k]) continue;
      auto [slot, fresh] = gradients_.try_emplace(inputs[k], input_gradients[k]);
      if (!fresh) slot->second = add(slot->second, input_gradients[k]);
    }
  }

  Graph& graph_;
  const int end_;
  std::vector<bool> depends_;
  std::map<Value, Value> gradients_;  // by forward value
  std::map<Value, Value> rebuilt_;    // by forward value
};

}  // namespace

std::vector<Value> add_gradients(Graph& graph, Value loss, const std::vector<Value>& targets,
                                 Activations activations) {
  Backward backward(graph, loss, targets);
  backward.run(activations);
  std::vector<Value> result;
  for (const Value& target : targets) result.push_back(backward.gradient(target));
  return result;
}

}  // namespace frugal

#include "frugal/runtime/program.h"

#include <algorithm>
#include <chrono>

#include "frugal/base/error.h"

namespace frugal {

Program::Program(std::shared_ptr<const Graph> graph, Context context, std::shared_ptr<Store> store,
                 std::shared_ptr<Arena> arena)
    : graph_(std::move(graph)),
      context_(std::move(context)),
      store_(std::move(store)),
      plan_(plan_memory(*graph_)),
      arena_(std::move(arena)) {
  arena_->reserve(plan_.arena_bytes);
  for (int i : plan_.order) {
    const Node& node = graph_->node(i);
    steps_.push_back({node.op->kernel(context_, types_of(node.inputs), node.outputs), {}});
    scratch_bytes_ = std::max(scratch_bytes_, steps_.back().kernel.scratch_bytes);
  }
  bind();
  context_.team->reserve_scratch(scratch_bytes_);
}

void Program::bind() {
  bound_ = arena_->memory().bytes();
  kept_.clear();
  for (size_t s = 0; s < steps_.size(); ++s) {
    const int i = plan_.order[s];
    const Node& node = graph_->node(i);
    KernelArgs& args = steps_[s].args;
    args = {};
    for (const Value& input : node.inputs) args.in.push_back(input ? address(input) : nullptr);
    for (int o = 0; o < static_cast<int>(node.outputs.size()); ++o)
      args.out.push_back(address(Value{const_cast<Graph*>(graph_.get()), i, o}));
  }
}

void* Program::address(const Value& value) {
  const Node& node = graph_->node(value.node);
  if (node.kind == NodeKind::variable) {
    kept_.push_back(store_->get_or_create(node.name, node.outputs[0]));
    return kept_.back().bytes();
  }
  if (node.kind == NodeKind::constant) {
    kept_.push_back(node.value);
    return kept_.back().bytes();
  }
  if (node.op && node.op->is_view() && !plan_.offsets.count(value)) return address(node.inputs[0]);
  return static_cast<std::byte*>(const_cast<void*>(arena_->memory().bytes())) + plan_.offsets.at(value);
}

bool Program::has_input(const std::string& name) const {
  const auto value = graph_->find_input(name);
  return value && plan_.offsets.count(*value);
}

Tensor Program::input(const std::string& name) {
  if (!has_input(name)) throw Error("", fmt::format("the program has no input '{}'", name));
  const Value value = *graph_->find_input(name);
  return {value.type().type, value.shape(), address(value), std::make_shared<Tensor>(arena_->memory())};
}

void Program::run() {
  if (bound_ != arena_->memory().bytes()) bind();
  context_.team->run([this](Worker& worker) {
    for (Step& step : steps_) step.kernel.run(step.args, worker);
  });
}

Tensor Program::output(const std::string& name) const {
  const auto found = graph_->outputs().find(name);
  if (found == graph_->outputs().end()) throw Error("", fmt::format("the program has no output '{}'", name));
  const Value value = found->second;
  return {value.type().type, value.shape(), const_cast<Program*>(this)->address(value),
          std::make_shared<Tensor>(arena_->memory())};
}

std::vector<double> Program::profile() {
  using Clock = std::chrono::steady_clock;
  std::vector<double> seconds(steps_.size());
  context_.team->run([&](Worker& worker) {
    for (size_t i = 0; i < steps_.size(); ++i) {
      const auto begin = Clock::now();
      steps_[i].kernel.run(steps_[i].args, worker);
      if (worker.thread() == 0) seconds[i] = std::chrono::duration<double>(Clock::now() - begin).count();
    }
  });
  return seconds;
}

Work price(const Graph& graph) {
  Work total;
  const std::vector<bool> live = graph.live_nodes();
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    const Node& node = graph.node(static_cast<int>(i));
    if (!live[i] || node.kind != NodeKind::operation) continue;
    const Work work = node.op->work(types_of(node.inputs), node.outputs);
    total.flops += work.flops;
    total.bytes += work.bytes;
  }
  return total;
}

}  // namespace frugal

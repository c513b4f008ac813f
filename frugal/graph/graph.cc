#include "frugal/graph/graph.h"

#include <fmt/format.h>

#include <algorithm>

#include "frugal/base/error.h"
#include "frugal/graph/gradient.h"

namespace frugal {

std::string to_string(const TensorType& type) {
  return std::string(name_of(type.type)) + to_string(type.shape);
}

void require(bool condition, std::string_view message) {
  if (!condition) throw Error("", std::string(message));
}

void require_type(const TensorType& type, DType dtype, size_t rank, std::string_view what) {
  if (type.type != dtype || type.shape.size() != rank)
    throw Error("",
                fmt::format("{} is {}, expected {} of rank {}", what, to_string(type), name_of(dtype), rank));
}

std::vector<Value> Op::gradient(const GradientContext&) const {
  throw Error("", fmt::format("{} has no gradient", name()));
}

std::vector<Value> Op::replay_inputs(std::vector<Value> inputs, const std::vector<Value>&) const {
  return inputs;
}

Work Op::work(std::span<const TensorType> in, std::span<const TensorType> out) const {
  Work work;
  for (const TensorType& type : in) work.bytes += static_cast<double>(type.byte_count());
  for (const TensorType& type : out) {
    work.bytes += static_cast<double>(type.byte_count());
    work.flops += static_cast<double>(element_count(type.shape));
  }
  return work;
}

const TensorType& Value::type() const { return graph->node(node).outputs[output]; }

std::vector<TensorType> types_of(const std::vector<Value>& values) {
  std::vector<TensorType> types;
  for (const Value& value : values) types.push_back(value ? value.type() : TensorType{});
  return types;
}

Value Graph::input(const std::string& name, TensorType type) {
  if (const auto found = find_input(name)) return *found;
  const int id = static_cast<int>(nodes_.size());
  nodes_.push_back({NodeKind::input, nullptr, {}, {std::move(type)}, name, scope_, {}});
  inputs_[name] = id;
  return {this, id, 0};
}

Value Graph::variable(const std::string& name, TensorType type) {
  if (const auto found = find_variable(name)) {
    if (found->type() != type)
      throw Error(name, fmt::format("used both as {} and as {}", to_string(found->type()), to_string(type)));
    return *found;
  }
  const int id = static_cast<int>(nodes_.size());
  nodes_.push_back({NodeKind::variable, nullptr, {}, {std::move(type)}, name, scope_, {}});
  variables_[name] = id;
  return {this, id, 0};
}

Value Graph::constant(Tensor value) {
  const TensorType type{value.type(), value.shape()};
  nodes_.push_back({NodeKind::constant, nullptr, {}, {type}, {}, scope_, std::move(value)});
  return {this, static_cast<int>(nodes_.size()) - 1, 0};
}

Value Graph::apply(std::shared_ptr<const Op> op, std::vector<Value> inputs) {
  const std::vector<TensorType> types = types_of(inputs);
  std::vector<TensorType> outputs;
  try {
    outputs = op->infer(types);
  } catch (const Error& error) {
    std::string given;
    for (const TensorType& type : types) given += (given.empty() ? "" : ", ") + to_string(type);
    throw Error(scope_, fmt::format("{}: {} (inputs {})", op->name(), error.message(), given), error.hint());
  }
  nodes_.push_back(
      {NodeKind::operation, std::move(op), std::move(inputs), std::move(outputs), {}, scope_, {}});
  return {this, static_cast<int>(nodes_.size()) - 1, 0};
}

std::optional<Value> Graph::find_variable(const std::string& name) const {
  const auto found = variables_.find(name);
  if (found == variables_.end()) return std::nullopt;
  return Value{const_cast<Graph*>(this), found->second, 0};
}

std::optional<Value> Graph::find_input(const std::string& name) const {
  const auto found = inputs_.find(name);
  if (found == inputs_.end()) return std::nullopt;
  return Value{const_cast<Graph*>(this), found->second, 0};
}

void Graph::keep_outputs(const std::vector<std::string>& names) {
  std::erase_if(outputs_, [&](const auto& output) {
    return std::find(names.begin(), names.end(), output.first) == names.end();
  });
}

std::vector<bool> Graph::live_nodes() const {
  std::vector<bool> live(nodes_.size(), false);
  for (const auto& [name, value] : outputs_) live[value.node] = true;
  for (int i = static_cast<int>(nodes_.size()) - 1; i >= 0; --i) {
    if (nodes_[i].op && !nodes_[i].op->updates().empty()) live[i] = true;
    if (live[i])
      for (const Value& input : nodes_[i].inputs)
        if (input) live[input.node] = true;
  }
  return live;
}

}  // namespace frugal

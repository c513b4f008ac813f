#include "frugal/eval/rotations.h"

#include <cstring>

#include "frugal/base/error.h"

namespace frugal {
namespace {

constexpr std::string_view kPrefix = "lsh_rotations.";

}  // namespace

int64_t rotation_columns(const TensorMap& inputs) {
  int64_t columns = 0;
  for (const auto& [name, given] : inputs) {
    if (!name.starts_with(kPrefix)) continue;
    if (!is_float(given.type()) || given.shape().size() != 4 || given.count() == 0)
      throw Error(name, fmt::format("is {}{}, expected numbers [heads, head size, hashes, buckets / 2]",
                                    name_of(given.type()), to_string(given.shape())));
    if (columns > 0 && given.dim(3) != columns)
      throw Error(name, fmt::format("has {} columns, another layer's has {}", given.dim(3), columns));
    columns = given.dim(3);
  }
  return columns;
}

void write_rotations(const TensorMap& inputs, Program& program) {
  for (const Node& node : program.graph().nodes()) {
    if (node.kind != NodeKind::input || !node.name.starts_with(kPrefix)) continue;
    const auto given = inputs.find(node.name);
    if (given == inputs.end()) throw Error(node.name, "is missing, and other layers' are given");
    if (given->second.shape() != node.outputs[0].shape)
      throw Error(node.name, fmt::format("is {}, expected {}", to_string(given->second.shape()),
                                         to_string(node.outputs[0].shape)));
    const Tensor values = given->second.to(DType::f32);
    Tensor target = program.input(node.name);
    std::memcpy(target.bytes(), values.bytes(), values.byte_count());
  }
}

}  // namespace frugal

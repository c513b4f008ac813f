// For tests: runs a graph in the plainest way, node by node, each value in a tensor of its own. The slow twin
// of the runtime's memory plan.
#pragma once

#include <functional>
#include <map>
#include <string_view>
#include <vector>

#include "frugal/base/random.h"
#include "frugal/graph/graph.h"

namespace frugal::testing {

// Every output of every node. `given` has the inputs and variables by node; updates change copies of them,
// which the result holds. Outputs start as NaNs, so that a kernel that leaves some unwritten is seen.
std::vector<std::vector<Tensor>> evaluate(const Graph& graph, const Context& context,
                                          const std::map<int, Tensor>& given);

// All outputs of the node that `build` returns, for these inputs.
using Build = std::function<Value(const std::vector<Value>& inputs)>;
std::vector<Tensor> compute(const Build& build, const std::vector<Tensor>& inputs,
                            const Context& context = Context::make(2));

// How many live nodes are of this operation.
int count_of(const Graph& graph, std::string_view operation);

Tensor normal(Shape shape, Random& random, double deviation = 1);         // F32
Tensor integers(Shape shape, Random& random, int64_t low, int64_t high);  // I32 in [low, high)
Tensor ints(std::vector<int32_t> values);
Tensor floats(Shape shape, std::vector<float> values);

// The scalar sum of x * w, added in double; its gradient to x is w, so it must be the end of the loss.
Value weighted_total(Value x, Value w);

}  // namespace frugal::testing

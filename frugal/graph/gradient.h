// Reverse-mode differentiation by extending the graph: the backward pass is nodes like any others.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "frugal/graph/graph.h"

namespace frugal {

// What Op::gradient sees of its node.
struct GradientContext {
  Graph& graph;
  const std::vector<Value>& inputs;
  const std::vector<Value>& outputs;
  const std::vector<Value>& output_gradients;  // empty Values where nothing flows back
  const std::vector<bool>& needed;             // which inputs' gradients somebody wants
};

// Adds to `graph` the gradients of `loss` (a scalar) with respect to each of `targets`; an empty Value where
// the loss does not depend on it. Gradients that meet at one value are summed in the order the nodes were
// added.
std::vector<Value> add_gradients(Graph& graph, Value loss, const std::vector<Value>& targets);

}  // namespace frugal

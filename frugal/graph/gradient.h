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

enum class Activations : uint8_t {
  rebuild,  // of reversible sums: what their branches computed is forgotten and computed again
  store,    // all that the gradients read is kept from the forward pass
};

// Adds to `graph` the gradients of `loss` (a scalar) with respect to each of `targets`; an empty Value where
// the loss does not depend on it. Gradients that meet at one value are summed in the order the nodes were
// added.
//
// Under `rebuild`, the backward pass begins each reversible sum (Graph::add_reversible) by adding the nodes
// of its branch once more, then takes x = sum - branch for what comes before. So the memory of a stack of
// reversible sums does not grow with its height, at the price of one more forward pass. The rebuilt values
// equal the first ones but for rounding; what is random in a branch must be keyed, so that it comes out
// again.
std::vector<Value> add_gradients(Graph& graph, Value loss, const std::vector<Value>& targets,
                                 Activations activations = Activations::rebuild);

}  // namespace frugal

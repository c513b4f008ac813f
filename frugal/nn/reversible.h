// Reversible residual connections (Gomez, Ren, Urtasun & Grosse, "The reversible residual network", 2017):
// two streams, each the other's residual,
//
//   y1 = x1 + F(x2),  y2 = x2 + G(y1),  so  x2 = y2 - G(y1),  x1 = y1 - F(x2),
//
// so that a layer's inputs can be had back from its outputs and nothing in between need be kept for training.
// A model says it by writing each sum as a reversible_sum; add_gradients (graph/gradient.h) does the rest.
#pragma once

#include "frugal/graph/graph.h"
#include "frugal/ops/add.h"

namespace frugal {

// x + branch(), where `branch` adds the nodes of F or G to x's graph. They should not read x; where they do,
// the backward pass keeps x.
template <class Branch>
Value reversible_sum(Value x, Branch&& branch) {
  Graph& graph = *x.graph;
  ReversibleSum sum;
  sum.first = static_cast<int>(graph.nodes().size());
  sum.x = x;
  sum.branch = branch();
  sum.sum = add(x, sum.branch);
  graph.add_reversible(sum);
  return sum.sum;
}

}  // namespace frugal

// Inference only, after constants are folded: products that read the same rows, like queries, keys and
// values, become one step. The rows are quantized once, and the threads wait for each other once.
#pragma once

#include <memory>

#include "frugal/graph/graph.h"

namespace frugal {

std::shared_ptr<Graph> share_products(const Graph& graph);

}  // namespace frugal

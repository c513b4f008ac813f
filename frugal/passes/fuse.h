// Inference only: an activation or a residual sum that alone reads a product moves into the product's
// epilogue, so that the product's result is written once and never read back.
#pragma once

#include <memory>

#include "frugal/graph/graph.h"

namespace frugal {

std::shared_ptr<Graph> fuse_epilogues(const Graph& graph);

}  // namespace frugal

// Inference only, last of the passes: operations on rows that follow each other, from a product after
// attention to the next attention's queries, become one step that takes strips of rows through all of them
// (row_strips.h).
#pragma once

#include <memory>

#include "frugal/base/context.h"
#include "frugal/graph/graph.h"

namespace frugal {

std::shared_ptr<Graph> join_row_operations(const Graph& graph, const Context& context);

}  // namespace frugal

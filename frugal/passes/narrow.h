// Only what is read is computed: rows that nothing reads are dropped.
//
// A classifier reads one row a sequence of the last layer; a masked LM 15 % of its rows. The gather that
// picks them moves up through row-wise operations until it meets a value that is needed in full. Through
// attention it moves to the queries: keys and values of all rows are read. One layer of six is then about 12
// % of the work less, one layer of one 75 %. Works on graphs for training too, before they are
// differentiated.
#pragma once

#include <memory>

#include "frugal/graph/graph.h"

namespace frugal {

std::shared_ptr<Graph> narrow_rows(const Graph& graph);

}  // namespace frugal

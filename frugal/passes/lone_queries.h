// Attention of one query a sequence without keys and values of all rows.
//
// A classifier's last layer asks with one row a sequence (passes/narrow.h), but still made keys and values of
// all T rows: 4 T H^2 operations, most of what is left of that layer. Products are associative:
//
//   q_h . (Wk_h x_j + bk_h) = (Wk_h^T q_h) . x_j + a constant    which softmax does not see
//   sum_j p_j (Wv_h x_j + bv_h) = Wv_h (sum_j p_j x_j) + bv_h    as the p_j add up to 1
//
// so each head's query goes through its rows of Wk, attends to the rows x_j themselves, and what comes out
// goes through its rows of Wv: 8 H^2 operations a sequence in place of 4 H^2 a row. Of a student of three
// layers, 13 tokens a text, this takes 7 % of a training step's operations, of one layer nearly all that the
// encoder has. The same sums in another order: results differ by rounding. With dropout the p_j that are left
// do not add up to 1; then the bias of values stays whole, the same on average. The bias of keys is read by
// nothing: its gradient is 0.
//
// Which attention is rewritten depends on the graph alone, not on the batch: a sequence has the same bits
// alone or in company. Works on graphs for training too, before they are differentiated. Weights that the
// store holds as integers are left to integer products.
#pragma once

#include <memory>

#include "frugal/graph/graph.h"
#include "frugal/runtime/store.h"

namespace frugal {

// To be called on what narrow_rows() returned; without a store all weights are floats.
std::shared_ptr<Graph> join_lone_queries(const Graph& graph, const Store* store = nullptr);

}  // namespace frugal

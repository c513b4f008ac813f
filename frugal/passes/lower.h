// Passes that fit a graph to a machine and to the types its weights are stored in.
#pragma once

#include <memory>

#include "frugal/base/context.h"
#include "frugal/graph/graph.h"
#include "frugal/ops/gemm/gemm.h"
#include "frugal/runtime/store.h"

namespace frugal {

// Weights that the store holds as 7-bit integers (I8 `name` and F32 `name_scale`) are used as they are:
// products run in integers, embedding rows are scaled as they are read. With such products, attention
// without causality runs in 16 bits where the machine has a kernel for it (ops/half_attention.h).
std::shared_ptr<Graph> use_quantized_weights(const Graph& graph, const Store& store, Isa isa);

// Whether a value is a variable, perhaps under another shape, that the store holds as 7-bit integers.
bool stored_s8(const Graph& graph, const Value& value, const Store& store);

// Every product, of experts too, becomes pack + packed product in `precision` (f32 or bf16), or in f32 where
// it must stay exact; but the gradient of a weight that few rows went through becomes head_outer of one head.
std::shared_ptr<Graph> lower_products(const Graph& graph, Isa isa, Precision precision);

// Nodes that depend on variables and constants alone are computed once, into store.folded(), and become
// constants. For programs whose weights never change.
std::shared_ptr<Graph> fold_constants(const Graph& graph, const Context& context, Store& store);

}  // namespace frugal

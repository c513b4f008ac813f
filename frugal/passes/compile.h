// From a model's graph to a program: the passes in their order.
#pragma once

#include <memory>

#include "frugal/ops/gemm/gemm.h"
#include "frugal/runtime/program.h"

namespace frugal {

// For weights that do not change: drop unread rows, fuse epilogues, use quantized weights, pack weights once
// for all programs of the store or, without `folds`, in each run, into memory that is used again at once.
// `precision` is of the products whose weights are floats: f32 or bf16.
std::unique_ptr<Program> compile_for_inference(const Graph& graph, const Context& context,
                                               const std::shared_ptr<Store>& store,
                                               Precision precision = Precision::f32,
                                               std::shared_ptr<Arena> arena = std::make_shared<Arena>(),
                                               bool folds = true);

// For a graph with gradients and updates: embeddings are updated row by row, sums move into products,
// products are lowered.
std::unique_ptr<Program> compile_for_training(const Graph& graph, const Context& context,
                                              const std::shared_ptr<Store>& store, Precision precision,
                                              std::shared_ptr<Arena> arena = std::make_shared<Arena>());

// What training computes products in unless told otherwise: bf16 where it is faster (has_fast_bf16).
Precision training_precision(const Context& context);

}  // namespace frugal

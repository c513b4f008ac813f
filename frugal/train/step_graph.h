// The graph of one training step: forward, backward, clipping and AdamW (Loshchilov & Hutter 2017, arXiv
// 1711.05101) in one program.
//
// Inputs beside the batch's: "hyper" F32[4] = {learning rate, 1 - beta1^t, 1 - beta2^t, 0}. Outputs: "loss",
// and "gradient_squares" (the squared norm) when clipping. State lies in the store beside the weights:
// "adam.m.<name>", "adam.v.<name>".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "frugal/graph/gradient.h"
#include "frugal/train/objective.h"
#include "frugal/train/options.h"

namespace frugal {

struct StepOptions {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0.01, clip = 1, label_smoothing = 0;
  bool decay_all = false;  // biases, norms and embeddings too
  bool dropout = true;
  bool narrow = true;                              // drop rows nobody reads before differentiating
  Activations activations = Activations::rebuild;  // of reversible layers
};
StepOptions step_options(const TrainOptions& options);

// One batch, one update.
std::shared_ptr<Graph> update_graph(const Model& model, const Objective& objective, const BatchShape& shape,
                                    const StepOptions& options);
// One batch of several: adds the gradients, times `share`, to the store's "gradient.<name>".
std::shared_ptr<Graph> accumulate_graph(const Model& model, const Objective& objective,
                                        const BatchShape& shape, const StepOptions& options, float share);
// The update from the accumulated gradients, which it clears.
std::shared_ptr<Graph> apply_graph(const Model& model, const StepOptions& options);
// Outputs "loss", all of the model's, and "gradient.<name>" for each tensor that has one.
std::shared_ptr<Graph> gradient_graph(const Model& model, const Objective& objective,
                                      const BatchShape& shape);

}  // namespace frugal

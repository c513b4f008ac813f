// Tensors in, tensors out: a model run on padded batches under the names of Hugging Face Transformers'
// forward(), so that anyone can check frugal against a reference.
//
// Positions that `attention_mask` leaves out come back as zeros and count nowhere, in the loss neither.
#pragma once

#include <memory>

#include "frugal/base/context.h"
#include "frugal/io/safetensors.h"
#include "frugal/models/model.h"
#include "frugal/runtime/store.h"

namespace frugal {

struct RunRequest {
  TensorMap inputs;
  bool gradients = false;
  int64_t steps =
      0;  // AdamW steps on this batch: betas 0.9/0.999, eps 1e-8, decay on every parameter, no dropout
  double learning_rate = 1e-3, weight_decay = 0;
};

struct RunResult {
  TensorMap outputs;    // of the model as it was given
  TensorMap gradients;  // by the checkpoint's names
  Tensor losses;        // F32[steps], each before its update
};

// `store` must be writable when steps > 0; it is then updated. All problems of the inputs are Errors that
// name the tensor: a shape that does not fit, ids beyond the vocabulary, sequences longer than the positions.
RunResult run_tensors(const Model& model, const std::shared_ptr<Store>& store, const Context& context,
                      const RunRequest& request);

}  // namespace frugal

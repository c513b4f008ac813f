// Weights between a checkpoint's names and a model's: matching, checking, creating, saving.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "frugal/io/safetensors.h"
#include "frugal/models/model.h"
#include "frugal/runtime/store.h"

namespace frugal {

struct WeightOptions {
  bool writable = false;  // own copies, for training; else views of the mapped files
  bool new_head = false;  // a head that the checkpoint lacks starts at random (fine-tuning)
  uint64_t seed = 0;      // of that start
};

struct LoadedWeights {
  std::shared_ptr<Store> store;
  std::vector<std::string> created;  // tensors of a new head
  std::vector<std::string> ignored;  // tensors of another head, or buffers
};

// Matches a checkpoint's tensors with the model's, with or without the body's prefix. All missing, unexpected
// and misshaped tensors are one Error; `where` names the folder. Floats become F32; I8 weights need their
// `_scale`. A weight that is NaN or infinite is an Error that names tensor and element.
LoadedWeights match_weights(const Model& model, const TensorMap& tensors, const std::string& where,
                            const WeightOptions& options = {});

// Fills a tensor as its specification says: normal(0, range) from (seed, name), zeros or ones.
Tensor initial_value(const ParameterSpec& spec, double range, uint64_t seed);

// The model's tensors in the store (with scales of quantized ones), as they are written to model.safetensors.
TensorMap weights_to_save(const Model& model, const Store& store);

}  // namespace frugal

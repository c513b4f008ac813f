// The files of a Hugging Face model folder:
//
//   config.json                   the architecture and its sizes
//   model.safetensors             the weights, or
//   model.safetensors.index.json  {"weight_map": {tensor name: shard file}} with the shards beside it; or
//   pytorch_model.bin             the weights as torch.save writes them, or
//   pytorch_model.bin.index.json  the same index
//
// Nothing outside the folder is read: a shard is a plain file name, and a link may not lead out (the links of
// a Hugging Face cache, from snapshots/<revision>/ to blobs/, excepted).
#pragma once

#include <string>

#include "frugal/io/json.h"
#include "frugal/io/safetensors.h"

namespace frugal {

// Throws, saying what was expected, unless `folder` holds a config.json and weights.
void check_model_folder(const std::string& folder);

Json read_model_config(const std::string& folder);

// All tensors by name: views of the mapped files, not to be written to. Names that end in .gamma and .beta,
// as TensorFlow-era BERT checkpoints have them, come back as .weight and .bias. An index whose shards or
// tensors are not all there is one error that lists them all.
TensorMap read_model_weights(const std::string& folder);

}  // namespace frugal

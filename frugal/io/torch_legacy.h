// The format of torch.save before torch 1.6, in which most BERT-era checkpoints are: see torch_file.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "frugal/io/safetensors.h"
#include "frugal/io/torch_file.h"

namespace frugal {

TensorMap read_legacy(std::string_view bytes, const std::string& where,
                      const std::shared_ptr<const void>& owner, const TorchLimits& limits);

}  // namespace frugal

// The globals that a state dict's pickle may name, and what they make.
//
//   collections.OrderedDict                       a dictionary, empty or of the given pairs
//   torch._utils._rebuild_tensor, .._tensor_v2    a tensor: storage, offset, shape, strides
//   torch._utils._rebuild_parameter               the tensor that it is given
//   torch.FloatStorage and its nine kin           the element type of a storage
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "frugal/io/torch_pickle.h"

namespace frugal {

// A problem with a call; the machine adds where it is.
struct PickleProblem {
  std::string text;
};

// The number of the global module.name. Throws PickleProblem, which names it, if it is not allowed.
int64_t torch_global(std::string_view module, std::string_view name);

// global(arguments...); what it makes is added to `pickle`. Throws PickleProblem for wrong arguments.
PickleValue call_torch_global(int64_t global, std::span<const PickleValue> arguments, Pickle& pickle);

// The storage that the tuple ("storage", type, key, device, elements[, view]) stands for.
PickleValue torch_storage(std::span<const PickleValue> id, Pickle& pickle);

}  // namespace frugal

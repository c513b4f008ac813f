// From what a state dict's pickle says to tensors.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "frugal/io/safetensors.h"
#include "frugal/io/torch_pickle.h"

namespace frugal {

// The bytes of a storage by its key; throws where there are none.
using StorageBytes = std::function<std::string_view(std::string_view key)>;

// The tensors of the dictionary that `pickle` holds. Every element is checked to lie in its storage. A tensor
// that is dense in row-major order is a view of its storage, which is a view of the file that keeps `owner`
// alive, or a copy where the file has it at an odd place. Of any other tensor (transposed, sliced, expanded)
// a dense copy is made; all of these together may take twice the file's bytes and 1 MiB: a stride of 0 lets
// one element stand for 2^60.
TensorMap torch_tensors(const Pickle& pickle, const std::string& where, const StorageBytes& storage,
                        const std::shared_ptr<const void>& owner, uint64_t file_bytes);

}  // namespace frugal

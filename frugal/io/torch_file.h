// Reader of the files that torch.save makes of a state dict (pytorch_model.bin):
//
//   a zip archive     NAME/data.pkl, a pickle that describes the tensors; NAME/data/KEY, the bytes of each
//                     storage, stored and aligned; NAME/byteorder
//   before torch 1.6  five pickles (magic number, version, machine, state dict, keys), then for each key its
//                     number of elements in 8 bytes and its bytes
//
// A state dict and nothing else is read, by a machine that cannot do anything else (torch_pickle.h). Refused,
// each with its own error: any other opcode or global, by name; a file that was cut off, in which entries
// overlap or of which a checksum is wrong; storages that are missing or of another size than the pickle says;
// tensors that reach beyond their storage; big-endian files; dictionaries that hold anything but tensors.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "frugal/io/safetensors.h"
#include "frugal/io/torch_pickle.h"
#include "frugal/io/zip.h"

namespace frugal {

struct TorchLimits {
  PickleLimits pickle;
  ZipLimits zip;
};

// The tensors of the file, which stays mapped: one that is dense and aligned (nearly all in an archive, few
// in the older format) is a view, not to be written to; of any other a copy is made. Tensors that torch
// shared, such as tied embeddings, share their bytes here too.
TensorFile read_torch(const std::string& path, const TorchLimits& limits = {});

// The same for bytes in memory, which `owner` keeps alive (null: the caller does); `where` names them in
// errors.
TensorFile parse_torch(std::string_view bytes, const std::string& where,
                       const std::shared_ptr<const void>& owner, const TorchLimits& limits = {});

// A safetensors or a torch file, whichever it is by its first bytes.
TensorFile read_tensor_file(const std::string& path);

}  // namespace frugal

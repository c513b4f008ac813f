// Reader and writer of the safetensors format (https://huggingface.co/docs/safetensors):
//
//   8 bytes N, little-endian | N bytes of JSON, padded with spaces | the tensors' bytes, back to back
//   {"__metadata__": {"format": "pt"}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
//   ...}
//
// The reader believes nothing. Refused, each with its own error: a header beyond the file or above the limit,
// not starting with '{', not JSON, nested deeper than 3, naming a tensor twice; unknown element types; a rank
// above 8; dimensions and offsets that are no integers or whose product overflows; data that overlaps, leaves
// holes, differs from the shape's size, or does not end with the file; names that are too long or hold
// control characters.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "frugal/io/atomic_file.h"
#include "frugal/tensor/tensor.h"

namespace frugal {

using TensorMap = std::map<std::string, Tensor>;
using Metadata = std::map<std::string, std::string>;

struct TensorFile {
  TensorMap tensors;
  Metadata metadata;
};

struct SafetensorsLimits {
  size_t header_bytes = size_t{16} << 20;  // the format allows 100 MB; a 10,000-tensor model needs about 1
  size_t tensors = 1'000'000;
};

constexpr size_t kMaxTensorRank = 8;
constexpr size_t kMaxTensorName = 512;  // bytes

// The file, mapped. The tensors are views of the mapping and keep it alive; they must not be written to
// (clone() first). One whose bytes are not aligned for its type is copied into memory of its own.
TensorFile read_safetensors(const std::string& path, const SafetensorsLimits& limits = {});

// The same for bytes in memory, which `owner` keeps alive (null: the caller does); `where` names them in
// errors.
TensorFile parse_safetensors(std::string_view bytes, const std::string& where,
                             const std::shared_ptr<const void>& owner, const SafetensorsLimits& limits = {});

// Writes atomically and durably. The same tensors give the same bytes: larger element types first, then by
// name, so that every tensor is aligned. Refuses what the reader would refuse.
void write_safetensors(const std::string& path, const TensorMap& tensors, const Metadata& metadata = {},
                       const FileCalls& calls = {});

// The bytes before the data of that file: length, JSON, padding. `where` names the file in errors.
std::string safetensors_header(const TensorMap& tensors, const Metadata& metadata, const std::string& where);

}  // namespace frugal

// What the readers and writers of tensor files agree on.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "frugal/tensor/tensor.h"

namespace frugal {

static_assert(std::endian::native == std::endian::little,
              "the files are little-endian and are used in place");

constexpr std::string_view kMetadataKey = "__metadata__";  // of safetensors: no tensor may have this name

// Why the name is not allowed; nullopt when it is.
std::optional<std::string> tensor_name_problem(std::string_view name);

// Bytes of a dense tensor; nullopt where a product overflows 63 bits. A zero counts as one while checking, so
// that [0, 2^62, 2^62] is refused too: products of a part of the shape are then safe everywhere else.
std::optional<uint64_t> byte_size(const Shape& shape, DType type);

// A dense tensor of these bytes: a view that keeps `owner` alive, or a copy where they are not aligned.
Tensor view_or_copy(DType type, Shape shape, std::string_view bytes,
                    const std::shared_ptr<const void>& owner);

// What to do about the files that people most often have in place of weights; empty for any other.
std::string hint_about(std::string_view bytes);

// Whether the bytes begin as torch.save begins its files: a zip archive, or the older format's magic number.
bool begins_as_torch_file(std::string_view bytes);

}  // namespace frugal

// What the safetensors reader and writer agree on.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "frugal/tensor/tensor.h"

namespace frugal {

static_assert(std::endian::native == std::endian::little, "the format is little-endian and is used in place");

constexpr std::string_view kMetadataKey = "__metadata__";

// Why the name is not allowed; nullopt when it is.
std::optional<std::string> tensor_name_problem(std::string_view name);

// Bytes of a dense tensor; nullopt where a product overflows 63 bits. A zero counts as one while checking, so
// that [0, 2^62, 2^62] is refused too: products of a part of the shape are then safe everywhere else.
std::optional<uint64_t> byte_size(const Shape& shape, DType type);

}  // namespace frugal

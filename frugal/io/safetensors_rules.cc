#include "frugal/io/safetensors_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "frugal/base/checked.h"
#include "frugal/io/safetensors.h"

namespace frugal {

std::optional<std::string> tensor_name_problem(std::string_view name) {
  if (name.size() > kMaxTensorName)
    return fmt::format("its name has {} bytes, the limit is {}", name.size(), kMaxTensorName);
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (std::any_of(name.begin(), name.end(), is_control)) return "its name holds a control character";
  return std::nullopt;
}

std::optional<uint64_t> byte_size(const Shape& shape, DType type) {
  std::optional<uint64_t> size = size_of(type);
  bool empty = false;
  for (const int64_t dim : shape) {
    empty = empty || dim == 0;
    size = checked_mul(*size, static_cast<uint64_t>(std::max<int64_t>(dim, 1)));
    if (!size || *size > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
  }
  return empty ? 0 : *size;
}

}  // namespace frugal

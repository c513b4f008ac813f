#include "frugal/io/tensor_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "frugal/base/checked.h"
#include "frugal/io/safetensors.h"
#include "frugal/text/utf8.h"

namespace frugal {

std::optional<std::string> tensor_name_problem(std::string_view name) {
  if (name.size() > kMaxTensorName)
    return fmt::format("its name has {} bytes, the limit is {}", name.size(), kMaxTensorName);
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (std::any_of(name.begin(), name.end(), is_control)) return "its name holds a control character";
  if (!is_utf8(name)) return "its name is not UTF-8";
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

Tensor view_or_copy(DType type, Shape shape, std::string_view bytes,
                    const std::shared_ptr<const void>& owner) {
  if (reinterpret_cast<uintptr_t>(bytes.data()) % size_of(type) == 0)
    return Tensor(type, std::move(shape), const_cast<char*>(bytes.data()), owner);
  Tensor copy(type, std::move(shape));
  if (!bytes.empty()) std::memcpy(copy.bytes(), bytes.data(), bytes.size());
  return copy;
}

std::string hint_about(std::string_view bytes) {
  if (bytes.starts_with("version https://git-lfs"))
    return "this is a Git LFS pointer: fetch the file itself with 'git lfs pull'";
  if (begins_as_torch_file(bytes)) return "this looks like a PyTorch file: name it pytorch_model.bin";
  if (bytes.size() > 8 && bytes[8] == '{' && bytes.substr(0, 8).ends_with(std::string_view("\0\0\0\0", 4)))
    return "this looks like a safetensors file: name it model.safetensors";
  return "";
}

bool begins_as_torch_file(std::string_view bytes) {
  // Pickled by protocol 2: PROTO 2, LONG1, ten bytes of 0x1950a86a20f9469cfc6c. As a safetensors file's
  // length field both beginnings would be far above every limit.
  return bytes.starts_with("PK\x03\x04") || bytes.starts_with("PK\x05\x06") ||
         (bytes.size() > 8 && bytes[0] == '\x80' && bytes.substr(2, 5) == "\x8a\x0a\x6c\xfc\x9c");
}

}  // namespace frugal

// The reader of safetensors.h.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <tuple>
#include <vector>

#include "frugal/base/checked.h"
#include "frugal/base/error.h"
#include "frugal/io/file.h"
#include "frugal/io/json.h"
#include "frugal/io/safetensors.h"
#include "frugal/io/tensor_rules.h"

namespace frugal {
namespace {

// One entry of the header, checked by itself.
struct Entry {
  std::string name;
  DType type;
  Shape shape;
  uint64_t begin, end;  // bytes of the data part
};

class Reader {
 public:
  Reader(std::string_view bytes, const std::string& where, const SafetensorsLimits& limits)
      : bytes_(bytes), where_(where), limits_(limits) {}

  TensorFile read(const std::shared_ptr<const void>& owner) const {
    const uint64_t header_bytes = header_length();
    const Json header = parse_header(bytes_.substr(8, header_bytes));
    const std::string_view data = bytes_.substr(8 + header_bytes);

    TensorFile file;
    std::vector<Entry> entries;
    for (const auto& [name, value] : header.items()) {
      if (name == kMetadataKey)
        file.metadata = metadata(value);
      else
        entries.push_back(entry(name, value));
    }
    check_layout(entries, data.size());
    for (Entry& entry : entries) {
      const std::string_view part = data.substr(entry.begin, entry.end - entry.begin);
      file.tensors.emplace(std::move(entry.name),
                           view_or_copy(entry.type, std::move(entry.shape), part, owner));
    }
    return file;
  }

 private:
  [[noreturn]] void fail(const std::string& message, const std::string& hint = {}) const {
    throw Error(where_, message, hint);
  }
  [[noreturn]] void fail_at(std::string_view tensor, const std::string& message) const {
    throw Error(where_, fmt::format("tensor {}: {}", in_quotes(tensor), message));
  }

  uint64_t header_length() const {
    if (bytes_.size() < 8)
      fail(fmt::format("is no safetensors file: it has {} bytes, too few for a header", bytes_.size()));
    uint64_t length;
    std::memcpy(&length, bytes_.data(), 8);
    if (length > bytes_.size() - 8)
      fail(fmt::format(
               "is no safetensors file or is cut off: the header should have {} bytes, the file has {}",
               length, bytes_.size()),
           hint_about(bytes_));
    if (length > limits_.header_bytes)
      fail(fmt::format("the header has {} bytes, the limit is {}", length, limits_.header_bytes));
    return length;
  }

  Json parse_header(std::string_view text) const {
    if (!text.starts_with('{')) fail("the header does not start with '{'");
    Json header = parse_json(text, where_ + ": header", {.bytes = limits_.header_bytes, .depth = 3});
    if (header.size() > limits_.tensors)
      fail(fmt::format("the header has {} entries, the limit is {} tensors", header.size(), limits_.tensors));
    return header;
  }

  Metadata metadata(const Json& value) const {
    if (!value.is_object()) fail("__metadata__ is not an object");
    Metadata metadata;
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) fail(fmt::format("__metadata__ {} is not a string", in_quotes(key)));
      metadata.emplace(key, text.get<std::string>());
    }
    return metadata;
  }

  Entry entry(const std::string& name, const Json& value) const {
    if (const auto problem = tensor_name_problem(name)) fail_at(name, *problem);
    if (!value.is_object()) fail_at(name, "its entry is not an object");
    const Shape shape = this->shape(name, value);
    const DType type = this->type(name, value);
    const std::vector<uint64_t> offsets = integers(name, value, "data_offsets", 2);
    if (offsets.size() != 2) fail_at(name, "data_offsets is not a pair");
    Entry entry{name, type, shape, offsets[0], offsets[1]};
    const auto size = byte_size(shape, type);
    if (!size) fail_at(name, fmt::format("the size of its shape {} overflows", to_string(shape)));
    if (entry.end < entry.begin) fail_at(name, "its data ends before it begins");
    if (entry.end - entry.begin != *size)
      fail_at(name, fmt::format("{} {} takes {} bytes, its data_offsets span {}", name_of(type),
                                to_string(shape), *size, entry.end - entry.begin));
    return entry;
  }

  DType type(const std::string& name, const Json& value) const {
    const auto found = value.find("dtype");
    if (found == value.end() || !found->is_string()) fail_at(name, "dtype is missing or not a string");
    const std::string& type_name = found->get_ref<const std::string&>();
    const std::optional<DType> type = dtype_from_name(type_name);
    if (!type)
      fail_at(name,
              fmt::format("element type {} is not supported (only BOOL, U8-U64, I8-I64, F16, BF16, F32, F64)",
                          in_quotes(type_name)));
    return *type;
  }

  Shape shape(const std::string& name, const Json& value) const {
    Shape shape;
    for (const uint64_t dim : integers(name, value, "shape", kMaxTensorRank)) {
      if (dim > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
        fail_at(name, fmt::format("dimension {} is too large", dim));
      shape.push_back(static_cast<int64_t>(dim));
    }
    return shape;
  }

  std::vector<uint64_t> integers(const std::string& name, const Json& value, const char* key,
                                 size_t most) const {
    const auto found = value.find(key);
    if (found == value.end() || !found->is_array())
      fail_at(name, fmt::format("{} is missing or not a list", key));
    if (found->size() > most)
      fail_at(name, fmt::format("{} has {} numbers, at most {} are allowed", key, found->size(), most));
    std::vector<uint64_t> numbers;
    for (const Json& item : *found) {
      if (!item.is_number_unsigned())
        fail_at(name, fmt::format("{} has an entry that is no whole number", key));
      numbers.push_back(item.get<uint64_t>());
    }
    return numbers;
  }

  // Sorts by place in the data; every byte of it must belong to exactly one tensor.
  void check_layout(std::vector<Entry>& entries, uint64_t data_bytes) const {
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
    });
    uint64_t reached = 0;
    for (const Entry& entry : entries) {
      if (entry.begin < reached)
        fail_at(entry.name, fmt::format("its data starts at {} and overlaps another tensor, which ends at {}",
                                        entry.begin, reached));
      if (entry.begin > reached)
        fail_at(entry.name,
                fmt::format("its data starts at {} and leaves a hole after {}", entry.begin, reached));
      reached = entry.end;
    }
    if (reached > data_bytes)
      fail(fmt::format("is cut off: the tensors take {} bytes, {} are there", reached, data_bytes));
    if (reached < data_bytes) fail(fmt::format("has {} bytes behind the last tensor", data_bytes - reached));
  }

  std::string_view bytes_;
  const std::string& where_;
  const SafetensorsLimits& limits_;
};

}  // namespace

TensorFile parse_safetensors(std::string_view bytes, const std::string& where,
                             const std::shared_ptr<const void>& owner, const SafetensorsLimits& limits) {
  return Reader(bytes, where, limits).read(owner);
}

TensorFile read_safetensors(const std::string& path, const SafetensorsLimits& limits) {
  const std::shared_ptr<const MappedFile> file = MappedFile::open(path);
  TensorFile content = parse_safetensors(file->bytes(), path, file, limits);
  const std::string_view bytes = file->bytes();
  for (auto& [name, tensor] : content.tensors) {
    const auto* start = static_cast<const char*>(tensor.bytes());
    if (start >= bytes.data() && start < bytes.data() + bytes.size()) tensor.set_mapped();
  }
  return content;
}

}  // namespace frugal

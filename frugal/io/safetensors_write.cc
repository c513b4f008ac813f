// The writer of safetensors.h.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "frugal/base/error.h"
#include "frugal/io/json.h"
#include "frugal/io/safetensors.h"
#include "frugal/io/tensor_rules.h"

namespace frugal {
namespace {

using Item = TensorMap::value_type;

// Larger element types first: each tensor then starts at a multiple of its element's size.
std::vector<const Item*> in_file_order(const TensorMap& tensors) {
  std::vector<const Item*> order;
  for (const Item& item : tensors) order.push_back(&item);
  std::stable_sort(order.begin(), order.end(), [](const Item* a, const Item* b) {
    return size_of(a->second.type()) > size_of(b->second.type());
  });
  return order;
}

// A JSON string; the reader would refuse broken UTF-8, so it must not be written.
std::string json_string(const std::string& text, const std::string& where) {
  try {
    return Json(text).dump();
  } catch (const Json::exception&) {
    throw Error(where, fmt::format("{} is not valid UTF-8 and cannot be written", in_quotes(text)));
  }
}

void check(const Item& item, const std::string& where) {
  const auto& [name, tensor] = item;
  std::optional<std::string> problem = tensor_name_problem(name);
  if (name == kMetadataKey) problem = "the format reserves this name";
  if (tensor.shape().size() > kMaxTensorRank)
    problem =
        fmt::format("it has {} dimensions, at most {} are allowed", tensor.shape().size(), kMaxTensorRank);
  if (!tensor.bytes() && tensor.count() > 0) problem = "it has no data";
  if (problem) throw Error(where, fmt::format("tensor {}: {}", in_quotes(name), *problem));
}

}  // namespace

std::string safetensors_header(const TensorMap& tensors, const Metadata& metadata, const std::string& where) {
  std::vector<std::string> entries;
  if (!metadata.empty()) {
    std::vector<std::string> pairs;
    for (const auto& [key, value] : metadata)
      pairs.push_back(json_string(key, where) + ":" + json_string(value, where));
    entries.push_back(fmt::format("\"{}\":{{{}}}", kMetadataKey, fmt::join(pairs, ",")));
  }
  uint64_t begin = 0;
  for (const Item* item : in_file_order(tensors)) {
    check(*item, where);
    const Tensor& tensor = item->second;
    const uint64_t end = begin + tensor.byte_count();
    entries.push_back(fmt::format(R"({}:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})",
                                  json_string(item->first, where), name_of(tensor.type()),
                                  fmt::join(tensor.shape(), ","), begin, end));
    begin = end;
  }
  std::string json = fmt::format("{{{}}}", fmt::join(entries, ","));
  json.append((8 - json.size() % 8) % 8, ' ');
  const SafetensorsLimits limits;
  if (json.size() > limits.header_bytes || tensors.size() > limits.tensors)
    throw Error(where,
                fmt::format("{} tensors and {} bytes of metadata are more than a safetensors header may hold",
                            tensors.size(), json.size()));
  const uint64_t length = json.size();
  std::string header(8, '\0');
  std::memcpy(header.data(), &length, 8);
  return header + json;
}

void write_safetensors(const std::string& path, const TensorMap& tensors, const Metadata& metadata,
                       const FileCalls& calls) {
  const std::string header = safetensors_header(tensors, metadata, path);
  AtomicFile file(path, calls);
  file.write(header);
  for (const Item* item : in_file_order(tensors))
    file.write({static_cast<const char*>(item->second.bytes()), item->second.byte_count()});
  file.commit();
}

}  // namespace frugal

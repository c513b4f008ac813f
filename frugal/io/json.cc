#include "frugal/io/json.h"

#include <fmt/format.h>

#include "frugal/base/error.h"
#include "frugal/io/file.h"
#include "frugal/io/json_parsers.h"

namespace frugal {
namespace {

void check_size(std::string_view text, const std::string& where, const JsonLimits& limits) {
  if (text.size() > limits.bytes)
    throw Error(where, fmt::format("has {} bytes of JSON, the limit is {}", text.size(), limits.bytes));
}

// As the quick parser keeps members apart.
JsonApart take_apart(Json json, JsonPath path) {
  Json* at = &json;
  for (const char* key : path) {
    if (!at->is_object() || !at->contains(key)) return {std::move(json), {}};
    at = &(*at)[key];
  }
  JsonMembers members;
  if (at->is_object()) {
    for (auto& [key, value] : at->get_ref<Json::object_t&>()) members.emplace_back(key, std::move(value));
    at->clear();
  }
  return {std::move(json), std::move(members)};
}

}  // namespace

Json parse_json(std::string_view text, const std::string& where, const JsonLimits& limits) {
  check_size(text, where, limits);
  if (auto document = parse_json_quickly(text, nullptr, limits)) return std::move(document->json);
  return parse_json_carefully(text, where, limits);
}

JsonApart parse_json_apart(std::string_view text, const std::string& where, JsonPath path,
                           const JsonLimits& limits) {
  check_size(text, where, limits);
  if (auto document = parse_json_quickly(text, &path, limits)) return std::move(*document);
  return take_apart(parse_json_carefully(text, where, limits), path);
}

Json load_json(const std::string& path, const JsonLimits& limits) {
  return parse_json(read_file(path, limits.bytes), path, limits);
}

std::string to_text(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

void write_json(const std::string& path, const Json& json, const FileCalls& calls) {
  write_file(path, to_text(json) + "\n", calls);
}

std::string in_quotes(std::string_view name) {
  constexpr size_t kLongest = 100;
  std::string text = to_text(Json(std::string(name.substr(0, kLongest))), -1);
  if (name.size() > kLongest) text.insert(text.size() - 1, "...");
  for (size_t at; (at = text.find('\x7f')) != std::string::npos;) text.replace(at, 1, "\\u007f");
  return text;
}

}  // namespace frugal

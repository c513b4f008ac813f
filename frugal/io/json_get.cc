// The typed access of json.h.
#include <fmt/format.h>

#include <cmath>

#include "frugal/base/error.h"
#include "frugal/io/json.h"

namespace frugal {
namespace {

const Json& member(const Json& json, std::string_view key, const std::string& where) {
  if (!json.is_object()) throw Error(where, fmt::format("expected an object, got {}", json.type_name()));
  const auto found = json.find(key);
  if (found == json.end()) throw Error(where, fmt::format("{} is missing", in_quotes(key)));
  return *found;
}

[[noreturn]] void wrong_type(std::string_view key, const std::string& where, const char* wanted,
                             const Json& got) {
  std::string text;
  if (got.is_number()) text = " " + to_text(got, -1);
  if (got.is_string()) text = " " + in_quotes(got.get_ref<const std::string&>());
  throw Error(where, fmt::format("{} must be {}, got {}{}", in_quotes(key), wanted, got.type_name(), text));
}

}  // namespace

int64_t get_int(const Json& json, std::string_view key, const std::string& where, IntRange range) {
  const Json& value = member(json, key, where);
  if (!value.is_number_integer()) wrong_type(key, where, "an integer", value);
  // The library keeps an integer without a sign as unsigned: 2^63 and more do not fit.
  const bool fits = !value.is_number_unsigned() ||
                    value.get<uint64_t>() <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  const int64_t number = fits ? value.get<int64_t>() : 0;
  if (!fits || number < range.least || number > range.most)
    throw Error(where, fmt::format("{} must be between {} and {}, got {}", in_quotes(key), range.least,
                                   range.most, to_text(value, -1)));
  return number;
}

double get_double(const Json& json, std::string_view key, const std::string& where) {
  const Json& value = member(json, key, where);
  if (!value.is_number() || !std::isfinite(value.get<double>())) wrong_type(key, where, "a number", value);
  return value.get<double>();
}

bool get_bool(const Json& json, std::string_view key, const std::string& where) {
  const Json& value = member(json, key, where);
  if (!value.is_boolean()) wrong_type(key, where, "true or false", value);
  return value.get<bool>();
}

std::string get_string(const Json& json, std::string_view key, const std::string& where) {
  const Json& value = member(json, key, where);
  if (!value.is_string()) wrong_type(key, where, "a string", value);
  return value.get<std::string>();
}

std::vector<std::string> get_strings(const Json& json, std::string_view key, const std::string& where) {
  const Json& value = member(json, key, where);
  if (!value.is_array()) wrong_type(key, where, "a list of strings", value);
  std::vector<std::string> strings;
  for (const Json& item : value) {
    if (!item.is_string()) wrong_type(key, where, "a list of strings only", item);
    strings.push_back(item.get<std::string>());
  }
  return strings;
}

const Json& get_object(const Json& json, std::string_view key, const std::string& where) {
  const Json& value = member(json, key, where);
  if (!value.is_object()) wrong_type(key, where, "an object", value);
  return value;
}

bool has_value(const Json& json, std::string_view key) {
  if (!json.is_object()) return false;
  const auto found = json.find(key);
  return found != json.end() && !found->is_null();
}

int64_t get_int_or(const Json& json, std::string_view key, const std::string& where, int64_t fallback,
                   IntRange range) {
  return has_value(json, key) ? get_int(json, key, where, range) : fallback;
}

double get_double_or(const Json& json, std::string_view key, const std::string& where, double fallback) {
  return has_value(json, key) ? get_double(json, key, where) : fallback;
}

bool get_bool_or(const Json& json, std::string_view key, const std::string& where, bool fallback) {
  return has_value(json, key) ? get_bool(json, key, where) : fallback;
}

std::string get_string_or(const Json& json, std::string_view key, const std::string& where,
                          const std::string& fallback) {
  return has_value(json, key) ? get_string(json, key, where) : fallback;
}

}  // namespace frugal

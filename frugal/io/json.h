// JSON from files that nobody vouches for, and typed access to it.
//
// Kept as nlohmann::json, parsed under limits; a key given twice, a NUL byte and broken UTF-8 are refused.
// Every error is a frugal::Error whose place is "file:line:column"; no exception of the JSON library leaves
// this room. What is good is read by simdjson, two to three times as fast; nlohmann's parser says what is
// wrong and where.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "frugal/io/atomic_file.h"

namespace frugal {

using Json = nlohmann::json;

struct JsonLimits {
  size_t bytes = size_t{64} << 20;  // the longest published tokenizer.json files have about 30 MB
  int depth = 64;                   // arrays and objects inside each other
};

// `where` names the text's origin in errors. A parsed document can take some 40 times its text's memory.
Json parse_json(std::string_view text, const std::string& where, const JsonLimits& limits = {});
Json load_json(const std::string& path, const JsonLimits& limits = {});

// An object's members as they follow in the file. For vocabularies: BERT's 30,522 pieces take 1.9 ms to parse
// so, and 12 as a tree, whose map sorts them.
using JsonMembers = std::vector<std::pair<std::string, Json>>;

// The same document, but the members of the object that `path` leads to (keys from the root; empty: the root
// itself) are moved to `members`; an empty object stays in its place. When a member on the way is missing or
// no object, `members` is empty.
struct JsonApart {
  Json json;
  JsonMembers members;
};
using JsonPath = std::initializer_list<const char*>;
JsonApart parse_json_apart(std::string_view text, const std::string& where, JsonPath path,
                           const JsonLimits& limits = {});

// Keys sorted, so equal documents are equal bytes; broken UTF-8 becomes U+FFFD. indent -1: one line.
std::string to_text(const Json& json, int indent = 2);
void write_json(const std::string& path, const Json& json, const FileCalls& calls = {});

// `name` as a JSON string, controls escaped and shortened to 100 bytes: safe to show on a terminal.
std::string in_quotes(std::string_view name);

struct IntRange {
  int64_t least = std::numeric_limits<int64_t>::min();
  int64_t most = std::numeric_limits<int64_t>::max();
};

// The member `key` of the object `json`, which must be there, of that type and in range; `where` is the file.
// get_int takes integers only (12.0 is none); get_double takes integers too.
int64_t get_int(const Json& json, std::string_view key, const std::string& where, IntRange range = {});
double get_double(const Json& json, std::string_view key, const std::string& where);
bool get_bool(const Json& json, std::string_view key, const std::string& where);
std::string get_string(const Json& json, std::string_view key, const std::string& where);
std::vector<std::string> get_strings(const Json& json, std::string_view key, const std::string& where);
const Json& get_object(const Json& json, std::string_view key, const std::string& where);

// The same; `fallback` where the key is missing or null, as published configurations write "not set".
int64_t get_int_or(const Json& json, std::string_view key, const std::string& where, int64_t fallback,
                   IntRange range = {});
double get_double_or(const Json& json, std::string_view key, const std::string& where, double fallback);
bool get_bool_or(const Json& json, std::string_view key, const std::string& where, bool fallback);
std::string get_string_or(const Json& json, std::string_view key, const std::string& where,
                          const std::string& fallback);

// Whether the object has the key with a value other than null.
bool has_value(const Json& json, std::string_view key);

}  // namespace frugal

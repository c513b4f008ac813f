#include "frugal/text/tokenizer_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "frugal/base/error.h"
#include "frugal/text/tokenizer_json.h"

namespace frugal {
namespace {

constexpr const char* kNames[] = {"cls_token", "sep_token", "mask_token", "pad_token",
                                  "unk_token", "bos_token", "eos_token"};

void read_names(const Json& json, const std::string& where, NamedTokens& names) {
  if (!json.is_object()) return;
  for (const char* key : kNames) {
    if (!json.contains(key)) continue;
    const Json& value = json[key];
    NamedToken named;
    if (value.is_object()) {
      named = {read_token_flags(value, get_string(value, "content", where), true, where), true};
    } else if (!value.is_null()) {
      named.token.content = get_string(json, key, where);
    }
    named.token.special = true;
    names[key] = std::move(named);
  }
}

}  // namespace

bool is_there(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

Json load_if_there(const std::string& path) {
  if (!is_there(path)) return {};
  Json json = load_json(path);
  if (!json.is_object()) throw Error(path, fmt::format("expected an object, got {}", json.type_name()));
  return json;
}

NamedTokens read_named_tokens(const std::string& folder, const Json& config) {
  NamedTokens names;
  const std::string map_path = folder + "/special_tokens_map.json";
  read_names(load_if_there(map_path), map_path, names);
  read_names(config, folder + "/tokenizer_config.json", names);
  return names;
}

std::vector<AddedToken> read_added_tokens_decoder(const Json& config, const std::string& where) {
  std::vector<AddedToken> all;
  if (!has_value(config, "added_tokens_decoder")) return all;
  for (const auto& [key, item] : get_object(config, "added_tokens_decoder", where).items()) {
    int32_t id = -1;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || end != key.data() + key.size() || id < 0)
      throw Error(where, "an added token's id must be a number, got " + in_quotes(key));
    AddedToken token = read_token_flags(item, get_string(item, "content", where), false, where);
    token.id = id;
    add_token(all, std::move(token));
  }
  return all;
}

std::vector<AddedToken> read_added_tokens_file(const std::string& folder) {
  const std::string path = folder + "/added_tokens.json";
  std::vector<AddedToken> all;
  const Json json = load_if_there(path);
  for (const auto& [content, id] : json.items()) {
    AddedToken token;
    token.content = content;
    token.id = static_cast<int32_t>(get_int(json, content, path, {0, kMostIds}));
    token.special = false;
    token.normalized = true;
    add_token(all, std::move(token));
  }
  return all;
}

int read_max_length(const Json& config, const std::string& where) {
  const double length = get_double_or(config, "model_max_length", where, 0);
  if (length < 0) throw Error(where, fmt::format("\"model_max_length\" is {}", length));
  return length < 1e9 ? static_cast<int>(length) : 0;
}

void add_token(std::vector<AddedToken>& tokens, AddedToken token) {
  const auto same = [&](const AddedToken& other) { return other.content == token.content; };
  if (token.content.empty() || std::any_of(tokens.begin(), tokens.end(), same)) return;
  tokens.push_back(std::move(token));
}

}  // namespace frugal

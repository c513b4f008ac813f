// Reader of a tokenizer's folder: which file defines it, and what tokenizer_config.json adds.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "frugal/base/error.h"
#include "frugal/io/file.h"
#include "frugal/io/json.h"
#include "frugal/text/vocab.h"
#include "frugal/text/wordpiece_spec.h"
#include "frugal/text/wordpiece_tokenizer.h"

namespace frugal {
namespace {

constexpr size_t kMostVocabBytes = size_t{64} << 20;

bool is_there(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

// A token in a configuration: a string, or an object with its "content"; null is none.
std::string token_name(const Json& json, const char* key, const std::string& where) {
  const Json& value = json.at(key);
  if (value.is_null()) return "";
  return value.is_object() ? get_string(value, "content", where) : get_string(json, key, where);
}

void read_names(const Json& json, const std::string& where, SpecialNames& names) {
  for (const auto& [key, name] : {std::pair{"cls_token", &names.cls},
                                  {"sep_token", &names.sep},
                                  {"mask_token", &names.mask},
                                  {"pad_token", &names.pad},
                                  {"unk_token", &names.unk}})
    if (json.is_object() && json.contains(key)) *name = token_name(json, key, where);
}

// Null when there is no such file.
Json load_if_there(const std::string& path) {
  if (!is_there(path)) return {};
  Json json = load_json(path);
  if (!json.is_object()) throw Error(path, fmt::format("expected an object, got {}", json.type_name()));
  return json;
}

// "No limit" is written as 1e30.
int read_max_length(const Json& config, const std::string& where) {
  const double length = get_double_or(config, "model_max_length", where, 0);
  if (length < 0) throw Error(where, fmt::format("\"model_max_length\" is {}", length));
  return length < 1e9 ? static_cast<int>(length) : 0;
}

void add_token(WordPieceSpec& spec, AddedToken token) {
  const auto same = [&](const AddedToken& other) { return other.content == token.content; };
  if (token.content.empty() || std::any_of(spec.added.begin(), spec.added.end(), same)) return;
  spec.added.push_back(std::move(token));
}

// "added_tokens_decoder": {"103": {"content": "[MASK]", "special": true, ...}, ...}
void read_added_tokens(const Json& config, const std::string& where, WordPieceSpec& spec) {
  if (!has_value(config, "added_tokens_decoder")) return;
  for (const auto& [key, item] : get_object(config, "added_tokens_decoder", where).items()) {
    AddedToken token;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), token.id);
    if (error != std::errc() || end != key.data() + key.size() || token.id < 0)
      throw Error(where, "an added token's id must be a number, got " + in_quotes(key));
    token.content = get_string(item, "content", where);
    token.special = get_bool_or(item, "special", where, false);
    token.normalized = get_bool_or(item, "normalized", where, !token.special);
    token.single_word = get_bool_or(item, "single_word", where, false);
    token.left_strip = get_bool_or(item, "lstrip", where, false);
    token.right_strip = get_bool_or(item, "rstrip", where, false);
    add_token(spec, std::move(token));
  }
}

WordPieceSpec read_vocab_txt(const std::string& folder, const Json& config, const std::string& config_path) {
  WordPieceSpec spec;
  spec.where = folder + "/vocab.txt";
  spec.pieces = parse_vocab_txt(read_file(spec.where, kMostVocabBytes));
  spec.rules.lower_case = get_bool_or(config, "do_lower_case", config_path, true);
  spec.rules.chinese_chars = get_bool_or(config, "tokenize_chinese_chars", config_path, true);
  if (has_value(config, "strip_accents"))
    spec.rules.strip_accents = get_bool(config, "strip_accents", config_path);
  if (const std::string words = get_string_or(config, "word_tokenizer_type", config_path, "basic");
      words != "basic")
    throw Error(config_path, fmt::format("the word tokenizer {} is not supported", in_quotes(words)));
  read_added_tokens(config, config_path, spec);
  return spec;
}

// vocab.txt alone: the named tokens are special, and [CLS] and [SEP] stand around the texts.
void complete(WordPieceSpec& spec) {
  const auto id_of = [&](const std::string& name) {
    const auto found = std::find(spec.pieces.begin(), spec.pieces.end(), name);
    return found == spec.pieces.end() || name.empty() ? -1
                                                      : static_cast<int32_t>(found - spec.pieces.begin());
  };
  const SpecialNames& names = spec.names;
  for (const std::string& name : {names.unk, names.sep, names.pad, names.cls, names.mask}) {
    AddedToken token;
    token.id = id_of(name);
    token.content = name;
    if (token.id >= 0) add_token(spec, std::move(token));
  }
  const int32_t cls = id_of(names.cls), sep = id_of(names.sep);
  if (spec.pieces.empty()) return;  // that error comes first
  if (cls < 0 || sep < 0)
    throw Error(
        spec.where,
        fmt::format("the vocabulary lacks the special token {}", in_quotes(cls < 0 ? names.cls : names.sep)),
        "add it, or name another one in tokenizer_config.json");
  spec.around = Template::bert(cls, sep);
}

}  // namespace

std::vector<std::string> parse_vocab_txt(std::string_view text) {
  std::vector<std::string> pieces;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of("\r\n"), text.size());
    pieces.emplace_back(text.substr(0, end));
    const bool two = text.substr(end, 2) == "\r\n";
    text.remove_prefix(std::min(end + (two ? 2 : 1), text.size()));
  }
  return pieces;
}

WordPieceSpec read_wordpiece_folder(const std::string& folder) {
  const std::string json_path = folder + "/tokenizer.json", config_path = folder + "/tokenizer_config.json";
  const bool has_json = is_there(json_path);
  if (!has_json && !is_there(folder + "/vocab.txt"))
    throw Error(folder, is_there(folder) ? "there is neither tokenizer.json nor vocab.txt" : "no such folder",
                "name the folder of a model or of its tokenizer");
  const Json config = load_if_there(config_path);
  WordPieceSpec spec = has_json ? parse_wordpiece_json(read_file(json_path, JsonLimits().bytes), json_path)
                                : read_vocab_txt(folder, config, config_path);
  const std::string unknown = spec.names.unk;
  const std::string map_path = folder + "/special_tokens_map.json";
  if (const Json map = load_if_there(map_path); !map.is_null()) read_names(map, map_path, spec.names);
  read_names(config, config_path, spec.names);
  if (has_json) {
    spec.names.unk = unknown;  // the model's own word on it
  } else {
    complete(spec);
  }
  spec.max_length = read_max_length(config, config_path);
  return spec;
}

std::shared_ptr<const Tokenizer> load_tokenizer(const std::string& folder) {
  return std::make_shared<const WordPieceTokenizer>(read_wordpiece_folder(folder));
}

}  // namespace frugal

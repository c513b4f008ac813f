// Reader of a WordPiece tokenizer's folder: tokenizer.json or vocab.txt, and what tokenizer_config.json adds.
#include <fmt/format.h>

#include <algorithm>

#include "frugal/base/error.h"
#include "frugal/io/file.h"
#include "frugal/io/json.h"
#include "frugal/text/tokenizer_config.h"
#include "frugal/text/wordpiece_spec.h"

namespace frugal {
namespace {

void set_names(const NamedTokens& tokens, SpecialNames& names) {
  for (const auto& [key, name] : {std::pair{"cls_token", &names.cls},
                                  {"sep_token", &names.sep},
                                  {"mask_token", &names.mask},
                                  {"pad_token", &names.pad},
                                  {"unk_token", &names.unk},
                                  {"bos_token", &names.bos},
                                  {"eos_token", &names.eos}})
    if (const auto found = tokens.find(key); found != tokens.end()) *name = found->second.token.content;
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
  spec.added = read_added_tokens_decoder(config, config_path);
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
    if (token.id >= 0) add_token(spec.added, std::move(token));
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
  return read_wordpiece_folder(folder, load_tokenizer_json(folder));
}

WordPieceSpec read_wordpiece_folder(const std::string& folder, TokenizerJson tokenizer_json) {
  const std::string config_path = folder + "/tokenizer_config.json";
  const bool has_json = !tokenizer_json.json.is_null();
  const Json config = load_if_there(config_path);
  WordPieceSpec spec = has_json ? parse_wordpiece_json(std::move(tokenizer_json), folder + "/tokenizer.json")
                                : read_vocab_txt(folder, config, config_path);
  const std::string unknown = spec.names.unk;
  set_names(read_named_tokens(folder, config), spec.names);
  if (has_json) {
    spec.names.unk = unknown;  // the model's own word on it
  } else {
    complete(spec);
  }
  spec.max_length = read_max_length(config, config_path);
  return spec;
}

}  // namespace frugal

// Reader of a byte-level BPE tokenizer's folder: tokenizer.json, or vocab.json with merges.txt, and what
// tokenizer_config.json and its like add. The files do not say whether the tokenizer is GPT-2's or RoBERTa's
// unless tokenizer_config.json names the class: a vocabulary with <s> and </s> is RoBERTa's.
#include <fmt/format.h>

#include "frugal/base/error.h"
#include "frugal/io/file.h"
#include "frugal/text/bpe_spec.h"
#include "frugal/text/tokenizer_config.h"

namespace frugal {
namespace {

enum class Kind { gpt2, roberta, qwen2 };

Kind kind_of(const PieceIds& ids, const Json& config, const std::string& config_path) {
  std::string name = get_string_or(config, "tokenizer_class", config_path, "");
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  if (name == "GPT2Tokenizer") return Kind::gpt2;
  if (name == "Qwen2Tokenizer") return Kind::qwen2;
  for (const char* known : {"RobertaTokenizer", "BartTokenizer", "LongformerTokenizer", "LEDTokenizer"})
    if (name == known) return Kind::roberta;
  if (!name.empty() && name != "PreTrainedTokenizer" && name != "TokenizersBackend")
    throw Error(
        config_path,
        fmt::format("the tokenizer {} with vocab.json and merges.txt is not supported", in_quotes(name)),
        "supported here: GPT2Tokenizer, RobertaTokenizer, BartTokenizer, Qwen2Tokenizer; or a "
        "tokenizer.json");
  return ids.find("<s>") >= 0 && ids.find("</s>") >= 0 ? Kind::roberta : Kind::gpt2;
}

using Names = std::vector<std::pair<const char*, const char*>>;

// What a class calls its tokens when its files are silent.
Names default_names(Kind kind) {
  const char* const end = "<|endoftext|>";
  switch (kind) {
    case Kind::gpt2:
      return {{"bos_token", end}, {"eos_token", end}, {"unk_token", end}};
    case Kind::qwen2:
      return {{"eos_token", end}, {"unk_token", end}, {"pad_token", end}};
    case Kind::roberta:
      break;
  }
  return {{"bos_token", "<s>"},   {"eos_token", "</s>"},  {"cls_token", "<s>"},    {"sep_token", "</s>"},
          {"unk_token", "<unk>"}, {"pad_token", "<pad>"}, {"mask_token", "<mask>"}};
}

void add_default_names(Kind kind, NamedTokens& names) {
  for (const auto& [role, content] : default_names(kind)) {
    const auto [named, is_new] = names.try_emplace(role);
    if (is_new) named->second.token.content = content;
  }
  // Its mask takes the blank before it along, whether its files say so or not.
  if (const auto mask = names.find("mask_token"); kind == Kind::roberta && !mask->second.has_flags)
    mask->second.token.left_strip = true;
}

SpecialIds special_ids(const PieceIds& ids, const NamedTokens& names) {
  const auto id = [&](const char* role) {
    const auto found = names.find(role);
    if (found == names.end() || found->second.token.content.empty()) return -1;
    return ids.find(found->second.token.content);
  };
  return {id("cls_token"), id("sep_token"), id("mask_token"), id("pad_token"),
          id("unk_token"), id("bos_token"), id("eos_token")};
}

BpeSpec read_vocab_and_merges(const std::string& folder, const Json& config, const std::string& config_path) {
  BpeSpec spec;
  spec.where = folder + "/vocab.json";
  const std::string merges_path = folder + "/merges.txt";
  for (const std::string& path : {spec.where, merges_path})
    if (!is_there(path)) throw Error(path, "no such file", "a BPE vocabulary is vocab.json and merges.txt");
  spec.added = read_added_tokens_decoder(config, config_path);
  for (AddedToken& token : read_added_tokens_file(folder)) add_token(spec.added, std::move(token));
  spec.pieces = read_vocab_json(spec.where, spec.added);
  spec.merges = parse_merges_txt(read_file(merges_path, kMostVocabBytes), PieceIds(spec.pieces), merges_path);
  return spec;
}

// What tokenizer.json would say beside vocabulary and merges.
void complete(BpeSpec& spec, const PieceIds& ids, Kind kind, const NamedTokens& names, const Json& config,
              const std::string& config_path) {
  for (const auto& [role, named] : names) {
    AddedToken token = named.token;
    token.id = ids.find(token.content);
    if (token.id >= 0) add_token(spec.added, std::move(token));
  }
  spec.prefix_space = get_bool_or(config, "add_prefix_space", config_path, false);
  if (kind == Kind::qwen2) {
    spec.composes = true;
    spec.most_digits = 1;
  }
  if (kind != Kind::roberta) {
    const auto wanted = [&](const char* key, int32_t id) {
      return get_bool_or(config, key, config_path, false) ? id : -1;
    };
    spec.around = Template::ends(wanted("add_bos_token", spec.special.bos),
                                 wanted("add_eos_token", spec.special.eos), 1);
    return;
  }
  for (const auto& [role, id] : {std::pair{"cls_token", spec.special.cls}, {"sep_token", spec.special.sep}})
    if (id < 0)
      throw Error(
          spec.where,
          fmt::format("the vocabulary lacks the {} {}", role, in_quotes(names.at(role).token.content)),
          "add it, or name another one in tokenizer_config.json");
  spec.around = Template::roberta(spec.special.cls, spec.special.sep);
  spec.trim_offsets = get_bool_or(config, "trim_offsets", config_path, true);
  spec.trim_keeps_first = spec.prefix_space;
}

}  // namespace

BpeSpec read_bpe_folder(const std::string& folder, const TokenizerJson& tokenizer_json) {
  const std::string config_path = folder + "/tokenizer_config.json";
  const Json config = load_if_there(config_path);
  const bool has_json = !tokenizer_json.json.is_null();
  BpeSpec spec = has_json ? parse_bpe_json(tokenizer_json, folder + "/tokenizer.json")
                          : read_vocab_and_merges(folder, config, config_path);
  // tokenizer.json is complete whatever the class is called.
  const PieceIds ids(spec.pieces);
  const Kind kind = kind_of(ids, has_json ? Json() : config, config_path);
  NamedTokens names = read_named_tokens(folder, config);
  add_default_names(kind, names);
  spec.special = special_ids(ids, names);
  if (!has_json) complete(spec, ids, kind, names, config, config_path);
  spec.max_length = read_max_length(config, config_path);
  return spec;
}

}  // namespace frugal

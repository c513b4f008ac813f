#include <fmt/format.h>

#include "frugal/base/error.h"
#include "frugal/io/file.h"
#include "frugal/text/bpe_spec.h"

namespace frugal {
namespace {

using Roles = std::vector<std::pair<const char*, int32_t>>;

// Those that there are.
Roles roles_of(const SpecialIds& special) {
  Roles roles = {{"bos_token", special.bos},  {"eos_token", special.eos}, {"unk_token", special.unk},
                 {"cls_token", special.cls},  {"sep_token", special.sep}, {"pad_token", special.pad},
                 {"mask_token", special.mask}};
  std::erase_if(roles, [](const auto& role) { return role.second < 0; });
  return roles;
}

Json flags_of(const AddedToken& token) {
  return {{"content", token.content},         {"special", token.special},   {"normalized", token.normalized},
          {"single_word", token.single_word}, {"lstrip", token.left_strip}, {"rstrip", token.right_strip}};
}

Json template_items(const std::vector<TemplateItem>& items, const BpeSpec& spec) {
  Json list = Json::array();
  for (const TemplateItem& item : items) {
    const bool special = item.kind == TemplateItem::special;
    const std::string id = special                            ? spec.pieces[static_cast<size_t>(item.id)]
                           : item.kind == TemplateItem::first ? "A"
                                                              : "B";
    list.push_back(Json::object(
        {{special ? "SpecialToken" : "Sequence", Json::object({{"id", id}, {"type_id", item.type}})}}));
  }
  return list;
}

// A template as it is: any form of it, and ByteLevel's trimming of offsets before it.
Json post_processor(const BpeSpec& spec) {
  Json tokens = Json::object();
  for (const TemplateItem& item : spec.around.pair)
    if (item.kind == TemplateItem::special) {
      const std::string& name = spec.pieces[static_cast<size_t>(item.id)];
      tokens[name] =
          Json::object({{"id", name}, {"ids", Json::array({item.id})}, {"tokens", Json::array({name})}});
    }
  const Json around = Json::object({{"type", "TemplateProcessing"},
                                    {"single", template_items(spec.around.single, spec)},
                                    {"pair", template_items(spec.around.pair, spec)},
                                    {"special_tokens", std::move(tokens)}});
  if (!spec.trim_offsets) return around;
  const Json trim = Json::object({{"type", "ByteLevel"},
                                  {"add_prefix_space", spec.trim_keeps_first},
                                  {"trim_offsets", true},
                                  {"use_regex", true}});
  return Json::object({{"type", "Sequence"}, {"processors", Json::array({trim, around})}});
}

Json byte_level(bool prefix, bool splits) {
  return Json::object(
      {{"type", "ByteLevel"}, {"add_prefix_space", prefix}, {"trim_offsets", true}, {"use_regex", splits}});
}

// GPT-2's pattern is ByteLevel's own; another one goes before it.
Json pre_tokenizer(const BpeSpec& spec) {
  if (spec.most_digits == 0) return byte_level(spec.prefix_space, spec.splits);
  const Json split = Json::object({{"type", "Split"},
                                   {"pattern", Json::object({{"Regex", split_pattern(spec.most_digits)}})},
                                   {"behavior", "Isolated"},
                                   {"invert", false}});
  return Json::object(
      {{"type", "Sequence"}, {"pretokenizers", Json::array({split, byte_level(false, false)})}});
}

Json tokenizer_json(const BpeSpec& spec, Json vocab) {
  Json added = Json::array(), merges = Json::array();
  for (const AddedToken& token : spec.added) {
    added.push_back(flags_of(token));
    added.back()["id"] = token.id;
  }
  for (const BpeMerge& merge : spec.merges)
    merges.push_back(Json::array(
        {spec.pieces[static_cast<size_t>(merge.left)], spec.pieces[static_cast<size_t>(merge.right)]}));
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", std::move(added)},
          {"normalizer", spec.composes ? Json::object({{"type", "NFC"}}) : Json()},
          {"pre_tokenizer", pre_tokenizer(spec)},
          {"post_processor", post_processor(spec)},
          {"decoder", spec.decodes_bytes ? byte_level(true, true) : Json()},
          {"model",
           {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", spec.unknown < 0 ? Json() : Json(spec.pieces[static_cast<size_t>(spec.unknown)])},
            {"continuing_subword_prefix", nullptr},
            {"end_of_word_suffix", nullptr},
            {"fuse_unk", spec.fuse_unknown},
            {"byte_fallback", false},
            {"ignore_merges", spec.ignore_merges},
            {"vocab", std::move(vocab)},
            {"merges", std::move(merges)}}}};
}

const char* class_of(const BpeSpec& spec) {
  if (spec.most_digits == 1 && spec.composes) return "Qwen2Tokenizer";
  if (spec.most_digits > 0 || spec.composes) return "PreTrainedTokenizerFast";
  return spec.special.cls >= 0 ? "RobertaTokenizer" : "GPT2Tokenizer";
}

Json tokenizer_config(const BpeSpec& spec) {
  Json config = {{"tokenizer_class", class_of(spec)},
                 {"add_prefix_space", spec.prefix_space},
                 {"trim_offsets", spec.trim_offsets},
                 {"errors", "replace"}};
  Json decoder = Json::object();
  for (const AddedToken& token : spec.added) decoder[std::to_string(token.id)] = flags_of(token);
  config["added_tokens_decoder"] = std::move(decoder);
  for (const auto& [role, id] : roles_of(spec.special)) config[role] = spec.pieces[static_cast<size_t>(id)];
  if (spec.max_length > 0) config["model_max_length"] = spec.max_length;
  return config;
}

}  // namespace

void write_bpe_folder(const std::string& folder, const BpeSpec& spec) {
  Json vocab = Json::object();
  for (size_t id = 0; id < spec.pieces.size(); ++id) vocab[spec.pieces[id]] = id;
  if (vocab.size() != spec.pieces.size()) throw Error(folder, "the vocabulary has a piece twice");
  std::string lines = "#version: 0.2\n";
  for (const BpeMerge& merge : spec.merges)
    lines += spec.pieces[static_cast<size_t>(merge.left)] + ' ' +
             spec.pieces[static_cast<size_t>(merge.right)] + '\n';
  make_folder(folder);
  write_json(folder + "/vocab.json", vocab);
  write_file(folder + "/merges.txt", lines);
  write_json(folder + "/tokenizer_config.json", tokenizer_config(spec));
  write_json(folder + "/tokenizer.json", tokenizer_json(spec, std::move(vocab)));
}

}  // namespace frugal

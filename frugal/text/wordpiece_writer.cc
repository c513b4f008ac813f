#include <fmt/format.h>

#include <algorithm>

#include "frugal/base/error.h"
#include "frugal/io/file.h"
#include "frugal/io/json.h"
#include "frugal/text/wordpiece_spec.h"
#include "frugal/text/wordpiece_tokenizer.h"

namespace frugal {
namespace {

// Json::object and Json::array by name: compilers differ on what a list of one item in braces is.
Json template_item(const char* kind, const std::string& id, int type) {
  return Json::object({{kind, Json::object({{"id", id}, {"type_id", type}})}});
}

Json bert_template(const Vocab& vocab, const SpecialNames& names) {
  const auto token = [&](const std::string& name) {
    return Json::object(
        {{"id", name}, {"ids", Json::array({*vocab.id_of(name)})}, {"tokens", Json::array({name})}});
  };
  const Json begin = template_item("SpecialToken", names.cls, 0),
             end = template_item("SpecialToken", names.sep, 0);
  const Json a = template_item("Sequence", "A", 0), b = template_item("Sequence", "B", 1);
  return {{"type", "TemplateProcessing"},
          {"single", Json::array({begin, a, end})},
          {"pair", Json::array({begin, a, end, b, template_item("SpecialToken", names.sep, 1)})},
          {"special_tokens", {{names.cls, token(names.cls)}, {names.sep, token(names.sep)}}}};
}

std::vector<std::pair<const char*, std::string>> named(const SpecialNames& names) {
  return {{"unk_token", names.unk},
          {"sep_token", names.sep},
          {"pad_token", names.pad},
          {"cls_token", names.cls},
          {"mask_token", names.mask}};
}

Json added_tokens(const Vocab& vocab, const SpecialNames& names) {
  std::vector<int32_t> ids;
  for (const auto& [key, name] : named(names))
    if (!name.empty()) ids.push_back(*vocab.id_of(name));
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  Json tokens = Json::array();
  for (const int32_t id : ids)
    tokens.push_back({{"id", id},
                      {"content", vocab.piece(id)},
                      {"special", true},
                      {"single_word", false},
                      {"lstrip", false},
                      {"rstrip", false},
                      {"normalized", false}});
  return tokens;
}

Json accents(const BertRules& rules) { return rules.strip_accents ? Json(*rules.strip_accents) : Json(); }

Json tokenizer_json(const Vocab& vocab, const WordPieceSpec& settings) {
  Json numbers = Json::object();
  for (int32_t id = 0; id < vocab.size(); ++id) numbers[vocab.piece(id)] = id;
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", added_tokens(vocab, settings.names)},
          {"normalizer",
           {{"type", "BertNormalizer"},
            {"clean_text", settings.rules.clean_text},
            {"handle_chinese_chars", settings.rules.chinese_chars},
            {"strip_accents", accents(settings.rules)},
            {"lowercase", settings.rules.lower_case}}},
          {"pre_tokenizer", Json::object({{"type", "BertPreTokenizer"}})},
          {"post_processor", bert_template(vocab, settings.names)},
          {"decoder", {{"type", "WordPiece"}, {"prefix", settings.prefix}, {"cleanup", settings.cleans_up}}},
          {"model",
           {{"type", "WordPiece"},
            {"unk_token", settings.names.unk},
            {"continuing_subword_prefix", settings.prefix},
            {"max_input_chars_per_word", settings.most_chars},
            {"vocab", std::move(numbers)}}}};
}

Json tokenizer_config(const WordPieceSpec& settings) {
  Json config = {{"tokenizer_class", "BertTokenizer"},
                 {"do_lower_case", settings.rules.lower_case},
                 {"strip_accents", accents(settings.rules)},
                 {"tokenize_chinese_chars", settings.rules.chinese_chars}};
  for (const auto& [key, name] : named(settings.names)) config[key] = name.empty() ? Json() : Json(name);
  if (settings.max_length > 0) config["model_max_length"] = settings.max_length;
  return config;
}

}  // namespace

void write_wordpiece_folder(const std::string& folder, const std::vector<std::string>& pieces,
                            const WordPieceSpec& settings) {
  const Vocab vocab(pieces, folder);
  std::string lines;
  for (const std::string& piece : pieces) {
    if (piece.find_first_of("\r\n") != std::string::npos)
      throw Error(folder, fmt::format("the piece {} cannot stand in a line of vocab.txt", in_quotes(piece)));
    lines += piece + "\n";
  }
  for (const auto& [key, name] : named(settings.names)) {
    const bool needed =
        name == settings.names.cls || name == settings.names.sep || name == settings.names.unk;
    if ((needed || !name.empty()) && !vocab.id_of(name))
      throw Error(folder, fmt::format("the vocabulary lacks the {} {}", key, in_quotes(name)));
  }
  make_folder(folder);
  write_file(folder + "/vocab.txt", lines);
  write_json(folder + "/tokenizer_config.json", tokenizer_config(settings));
  write_json(folder + "/tokenizer.json", tokenizer_json(vocab, settings));
}

}  // namespace frugal

// Reader of tokenizer.json (the `tokenizers` library's own format) with a WordPiece model.
#include <fmt/format.h>

#include <limits>

#include "frugal/base/error.h"
#include "frugal/io/json.h"
#include "frugal/text/wordpiece_spec.h"

namespace frugal {
namespace {

constexpr int64_t kMostIds = std::numeric_limits<int32_t>::max();

// The "type" of a part of the pipeline; empty when the part is null or missing.
std::string type_of(const Json& json, const char* part, const std::string& where) {
  return has_value(json, part) ? get_string(get_object(json, part, where), "type", where) : "";
}

[[noreturn]] void unsupported(const std::string& where, const char* part, const std::string& type,
                              const char* supported) {
  throw Error(where, fmt::format("the {} {} is not supported", part, type.empty() ? "null" : in_quotes(type)),
              fmt::format("supported here: {}", supported));
}

void read_model(const Json& json, WordPieceSpec& spec) {
  const Json& model = get_object(json, "model", spec.where);
  // Files of early versions leave the type out; only WordPiece has this key.
  const std::string type = has_value(model, "type") ? get_string(model, "type", spec.where)
                           : has_value(model, "max_input_chars_per_word") ? "WordPiece"
                                                                          : "";
  if (type != "WordPiece") unsupported(spec.where, "model type", type, "WordPiece");
  spec.names.unk = get_string_or(model, "unk_token", spec.where, "[UNK]");
  spec.prefix = get_string_or(model, "continuing_subword_prefix", spec.where, "##");
  spec.most_chars = static_cast<uint32_t>(get_int_or(model, "max_input_chars_per_word", spec.where, 100,
                                                     {0, std::numeric_limits<int32_t>::max()}));

  const Json& vocab = get_object(model, "vocab", spec.where);
  spec.pieces.resize(vocab.size());
  std::vector<bool> seen(vocab.size());
  for (const auto& [piece, value] : vocab.items()) {
    const bool good = value.is_number_integer() && value >= 0 && value < vocab.size();
    if (!good)
      throw Error(spec.where,
                  fmt::format("the piece {} has id {}; with {} pieces ids must be 0 to {}, without gaps",
                              in_quotes(piece), to_text(value, -1), vocab.size(), vocab.size() - 1));
    const auto id = value.get<size_t>();
    if (seen[id])
      throw Error(spec.where, fmt::format("the pieces {} and {} both have id {}", in_quotes(spec.pieces[id]),
                                          in_quotes(piece), id));
    seen[id] = true;
    spec.pieces[id] = piece;
  }
}

void read_normalizer(const Json& json, WordPieceSpec& spec) {
  const std::string type = type_of(json, "normalizer", spec.where);
  spec.rules = {false, false, false, false};
  if (type.empty()) return;
  const Json& normalizer = json["normalizer"];
  if (type == "Lowercase") {
    spec.rules.lower_case = true;
  } else if (type == "BertNormalizer") {
    spec.rules.clean_text = get_bool_or(normalizer, "clean_text", spec.where, true);
    spec.rules.chinese_chars = get_bool_or(normalizer, "handle_chinese_chars", spec.where, true);
    spec.rules.lower_case = get_bool_or(normalizer, "lowercase", spec.where, true);
    spec.rules.strip_accents.reset();
    if (has_value(normalizer, "strip_accents"))
      spec.rules.strip_accents = get_bool(normalizer, "strip_accents", spec.where);
  } else {
    unsupported(spec.where, "normalizer", type, "BertNormalizer, Lowercase, null");
  }
}

void read_added_tokens(const Json& json, WordPieceSpec& spec) {
  if (!has_value(json, "added_tokens")) return;
  const Json& tokens = json["added_tokens"];
  if (!tokens.is_array()) throw Error(spec.where, "\"added_tokens\" must be a list");
  for (const Json& item : tokens) {
    AddedToken token;
    token.id = static_cast<int32_t>(get_int(item, "id", spec.where, {0, kMostIds}));
    token.content = get_string(item, "content", spec.where);
    token.special = get_bool_or(item, "special", spec.where, false);
    token.normalized = get_bool_or(item, "normalized", spec.where, !token.special);
    token.single_word = get_bool_or(item, "single_word", spec.where, false);
    token.left_strip = get_bool_or(item, "lstrip", spec.where, false);
    token.right_strip = get_bool_or(item, "rstrip", spec.where, false);
    spec.added.push_back(std::move(token));
  }
}

std::vector<TemplateItem> read_template(const Json& processor, const char* key, bool pair,
                                        const std::string& where) {
  const auto found = processor.find(key);
  if (found == processor.end() || !found->is_array())
    throw Error(where, fmt::format("\"{}\" of the post-processor must be a list", key));
  std::vector<TemplateItem> items;
  int firsts = 0, seconds = 0;
  for (const Json& item : *found) {
    const bool special = has_value(item, "SpecialToken");
    const Json& part = get_object(item, special ? "SpecialToken" : "Sequence", where);
    const auto type = static_cast<int32_t>(get_int(part, "type_id", where, {0, kMostIds}));
    const std::string id = get_string(part, "id", where);
    if (!special) {
      if (id != "A" && id != "B")
        throw Error(where, "a template's sequence must be A or B, got " + in_quotes(id));
      ++(id == "A" ? firsts : seconds);
      items.push_back({id == "A" ? TemplateItem::first : TemplateItem::second, 0, type});
      continue;
    }
    const Json& token = get_object(get_object(processor, "special_tokens", where), id, where);
    const auto ids = token.find("ids");
    if (ids == token.end() || !ids->is_array())
      throw Error(where, fmt::format("\"ids\" of the template's token {} must be a list", in_quotes(id)));
    for (const Json& number : *ids) {
      if (!number.is_number_integer() || number < 0 || number > kMostIds)
        throw Error(where,
                    fmt::format("the template's token {} has id {}", in_quotes(id), to_text(number, -1)));
      items.push_back({TemplateItem::special, number.get<int32_t>(), type});
    }
  }
  if (firsts != 1 || seconds != (pair ? 1 : 0))
    throw Error(where, fmt::format("the template \"{}\" must hold each text once", key));
  return items;
}

void read_template(const Json& json, WordPieceSpec& spec) {
  const std::string type = type_of(json, "post_processor", spec.where);
  if (type.empty()) return;
  const Json& processor = json["post_processor"];
  if (type == "TemplateProcessing") {
    spec.around.single = read_template(processor, "single", false, spec.where);
    spec.around.pair = read_template(processor, "pair", true, spec.where);
  } else if (type == "BertProcessing" || type == "RobertaProcessing") {
    const auto id = [&](const char* key) {  // ["[SEP]", 102]
      const auto pair = processor.find(key);
      if (pair == processor.end() || !pair->is_array() || pair->size() != 2 ||
          !(*pair)[1].is_number_integer() || (*pair)[1] < 0 || (*pair)[1] > kMostIds)
        throw Error(spec.where, fmt::format("\"{}\" of the post-processor must be a token and its id", key));
      return (*pair)[1].get<int32_t>();
    };
    spec.around = type == "BertProcessing" ? Template::bert(id("cls"), id("sep"))
                                           : Template::roberta(id("cls"), id("sep"));
  } else {
    unsupported(spec.where, "post-processor", type,
                "TemplateProcessing, BertProcessing, RobertaProcessing, null");
  }
}

void read_decoder(const Json& json, WordPieceSpec& spec) {
  const std::string type = type_of(json, "decoder", spec.where);
  spec.decodes_wordpiece = !type.empty();
  if (type.empty()) return;
  if (type != "WordPiece") unsupported(spec.where, "decoder", type, "WordPiece, null");
  spec.decoder_prefix = get_string_or(json["decoder"], "prefix", spec.where, "##");
  spec.cleans_up = get_bool_or(json["decoder"], "cleanup", spec.where, true);
}

}  // namespace

WordPieceSpec parse_wordpiece_json(std::string_view text, const std::string& where) {
  const Json json = parse_json(text, where);
  if (!json.is_object()) throw Error(where, fmt::format("expected an object, got {}", json.type_name()));
  WordPieceSpec spec;
  spec.where = where;
  read_model(json, spec);
  read_normalizer(json, spec);
  const std::string splitter = type_of(json, "pre_tokenizer", where);
  if (splitter != "BertPreTokenizer") unsupported(where, "pre-tokenizer", splitter, "BertPreTokenizer");
  read_added_tokens(json, spec);
  read_template(json, spec);
  read_decoder(json, spec);
  return spec;
}

}  // namespace frugal

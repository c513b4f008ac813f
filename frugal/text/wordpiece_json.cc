// Reader of tokenizer.json (the `tokenizers` library's own format) with a WordPiece model.
#include <fmt/format.h>

#include <limits>

#include "frugal/base/error.h"
#include "frugal/io/json.h"
#include "frugal/text/tokenizer_json.h"
#include "frugal/text/wordpiece_spec.h"

namespace frugal {
namespace {

// Moves the pieces out of the file.
void read_model(TokenizerJson& file, WordPieceSpec& spec) {
  const Json& json = file.json;
  const std::string type = tokenizer_json_model(json, spec.where);
  if (type != "WordPiece") unsupported_part(spec.where, "model type", type, "WordPiece");
  const Json& model = json["model"];
  spec.names.unk = get_string_or(model, "unk_token", spec.where, "[UNK]");
  spec.prefix = get_string_or(model, "continuing_subword_prefix", spec.where, "##");
  spec.most_chars = static_cast<uint32_t>(get_int_or(model, "max_input_chars_per_word", spec.where, 100,
                                                     {0, std::numeric_limits<int32_t>::max()}));

  const JsonMembers& vocab = get_vocab(file, spec.where);
  spec.pieces.resize(vocab.size());
  std::vector<bool> seen(vocab.size());
  for (auto& [piece, value] : file.vocab) {
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
    spec.pieces[id] = std::move(piece);
  }
}

void read_normalizer(const Json& json, WordPieceSpec& spec) {
  const std::string type = part_type(json, "normalizer", spec.where);
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
    unsupported_part(spec.where, "normalizer", type, "BertNormalizer, Lowercase, null");
  }
}

void read_decoder(const Json& json, WordPieceSpec& spec) {
  const std::string type = part_type(json, "decoder", spec.where);
  spec.decodes_wordpiece = !type.empty();
  if (type.empty()) return;
  if (type != "WordPiece") unsupported_part(spec.where, "decoder", type, "WordPiece, null");
  spec.decoder_prefix = get_string_or(json["decoder"], "prefix", spec.where, "##");
  spec.cleans_up = get_bool_or(json["decoder"], "cleanup", spec.where, true);
}

}  // namespace

WordPieceSpec parse_wordpiece_json(TokenizerJson file, const std::string& where) {
  const Json& json = file.json;
  WordPieceSpec spec;
  spec.where = where;
  read_model(file, spec);
  read_normalizer(json, spec);
  const std::string splitter = part_type(json, "pre_tokenizer", where);
  if (splitter != "BertPreTokenizer") unsupported_part(where, "pre-tokenizer", splitter, "BertPreTokenizer");
  spec.added = read_added_tokens(json, where);
  if (const std::string type = part_type(json, "post_processor", where); !type.empty())
    spec.around = read_template(json["post_processor"], type, where);
  read_decoder(json, spec);
  return spec;
}

}  // namespace frugal

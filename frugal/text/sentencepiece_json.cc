#include "frugal/text/sentencepiece_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "frugal/base/error.h"
#include "frugal/io/base64.h"
#include "frugal/text/tokenizer_json.h"
#include "frugal/text/utf8.h"

namespace frugal {
namespace {

constexpr size_t kMostPieces = size_t{1} << 22;
constexpr double kCommaPenalty = 100;

class JsonReader {
 public:
  JsonReader(const TokenizerJson& file, const std::string& unknown, const std::string& where)
      : file_(file), json_(file.json), unknown_(unknown) {
    spec_.where = where;
    spec_.model.rules.dummy_prefix = spec_.model.rules.remove_extra_blanks = false;
  }

  SentencePieceSpec read() {
    read_normalizer();
    read_splitter();
    spec_.added = read_added_tokens(json_, spec_.where);
    for (const AddedToken& token : spec_.added) added_.emplace(token.content, &token);
    const std::string type = tokenizer_json_model(json_, spec_.where);
    if (type == "Unigram") {
      read_unigram();
    } else if (type == "BPE") {
      read_bpe();
    } else {
      unsupported_part(spec_.where, "model type", type, "Unigram, BPE");
    }
    check_sentencepiece_model(spec_.model, spec_.where);
    if (const std::string around = part_type(json_, "post_processor", spec_.where); !around.empty())
      spec_.around = read_template(json_["post_processor"], around, spec_.where);
    return std::move(spec_);
  }

 private:
  void read_normalizer() {
    for (const Json* each : parts_of(json_, "normalizer", "normalizers", spec_.where)) {
      const Json& part = *each;
      const std::string type = type_of(each);
      SentencePieceRules& rules = spec_.model.rules;
      if (type == "Precompiled") {
        rules.chars_map = from_base64(get_string(part, "precompiled_charsmap", spec_.where), spec_.where);
      } else if (type == "NFKD" || type == "StripAccents") {
        spec_.cleanup.strip_accents = true;
      } else if (type == "Lowercase") {
        spec_.cleanup.lower_case = true;
      } else if (type == "Strip") {
        rules.remove_extra_blanks = true;
      } else if (type == "Prepend") {
        if (get_string(part, "prepend", spec_.where) != kBlankMark) refuse(part);
        rules.dummy_prefix = true;
      } else if (type == "Replace") {
        read_replace(part);
      } else {
        unsupported_part(spec_.where, "normalizer", type,
                         "Precompiled, NFKD, StripAccents, Lowercase, Strip, Prepend, Replace");
      }
    }
  }

  [[noreturn]] void refuse(const Json& part) const {
    throw Error(spec_.where,
                "this part is not supported with a SentencePiece model: " + in_quotes(to_text(part, -1)));
  }

  void read_replace(const Json& part) {
    const Json& pattern = get_object(part, "pattern", spec_.where);
    const std::string text = get_string_or(pattern, "String", spec_.where, "");
    const std::string regex = get_string_or(pattern, "Regex", spec_.where, "");
    const std::string by = get_string(part, "content", spec_.where);
    if (by == "\"" && (text == "``" || text == "''")) {
      spec_.cleanup.quotes = true;
    } else if (regex == " {2,}" && (by == " " || by == kBlankMark)) {
      spec_.model.rules.remove_extra_blanks = true;
    } else if (text != " " || by != kBlankMark) {  // the mark is what the model writes for a blank anyway
      refuse(part);
    }
  }

  void read_splitter() {
    for (const Json* each : parts_of(json_, "pre_tokenizer", "pretokenizers", spec_.where)) {
      const Json& part = *each;
      const std::string type = type_of(each);
      SentencePieceRules& rules = spec_.model.rules;
      if (type == "WhitespaceSplit") {
        rules.remove_extra_blanks = true;
      } else if (type == "Metaspace") {
        if (get_string_or(part, "replacement", spec_.where, std::string(kBlankMark)) != kBlankMark)
          refuse(part);
        const std::string scheme =
            get_string_or(part, "prepend_scheme", spec_.where,
                          get_bool_or(part, "add_prefix_space", spec_.where, true) ? "always" : "never");
        if (scheme != "always" && scheme != "first" && scheme != "never") refuse(part);
        rules.dummy_prefix = scheme != "never";
        spec_.every_stretch_starts = scheme != "first";
      } else {
        unsupported_part(spec_.where, "pre-tokenizer", type, "WhitespaceSplit, Metaspace, null");
      }
    }
    // Split at any blank, and nothing that makes spaces of them before.
    if (spec_.model.rules.remove_extra_blanks && spec_.model.rules.chars_map.empty())
      spec_.cleanup.collapse_blanks = true;
  }

  // What the file does not say: special tokens are found before the model sees the text; others that are
  // pieces of it are its user-defined ones.
  SentencePiece::Type piece_type(const std::string& piece, size_t id) const {
    if (static_cast<int32_t>(id) == unknown_id_) return SentencePiece::unknown;
    if (spec_.model.byte_fallback && byte_of_piece(piece) >= 0) return SentencePiece::byte;
    const auto added = added_.find(piece);
    if (added == added_.end()) return SentencePiece::normal;
    // Transformers 5 calls XLNet's user-defined marks special too; they are one character each, names are
    // longer.
    const bool is_mark = piece.size() == read_utf8(piece.data(), piece.data() + piece.size()).size;
    return added->second->special && !is_mark ? SentencePiece::control : SentencePiece::user_defined;
  }

  void add_piece(std::string text, float score) {
    if (spec_.model.pieces.size() == kMostPieces)
      throw Error(spec_.where, fmt::format("there are more than {} pieces", kMostPieces));
    SentencePiece piece;
    piece.type = piece_type(text, spec_.model.pieces.size());
    piece.text = std::move(text);
    piece.score = score;
    spec_.model.pieces.push_back(std::move(piece));
  }

  void read_unigram() {
    const Json& model = json_["model"];
    spec_.model.kind = SentencePieceModel::unigram;
    spec_.model.byte_fallback = get_bool_or(model, "byte_fallback", spec_.where, false);
    unknown_id_ = static_cast<int32_t>(get_int(model, "unk_id", spec_.where, {0, kMostIds}));
    const auto vocab = model.find("vocab");
    if (vocab == model.end() || !vocab->is_array()) throw Error(spec_.where, "\"vocab\" must be a list");
    for (const Json& item : *vocab) {
      if (!item.is_array() || item.size() != 2 || !item[0].is_string() || !item[1].is_number())
        throw Error(spec_.where, fmt::format("piece {} must be a text and its score, got {}",
                                             spec_.model.pieces.size(), in_quotes(to_text(item, -1))));
      auto text = item[0].get<std::string>();
      auto score = item[1].get<double>();
      // Transformers 4 made such pieces of XLNet and ALBERT that unlikely in place of splitting them.
      if (score < -kCommaPenalty && ends_in_digit_and_comma(text)) {
        score += kCommaPenalty;
        spec_.splits_comma_off_digits = true;
      }
      add_piece(std::move(text), static_cast<float>(score));
    }
  }

  void read_bpe() {
    const Json& model = json_["model"];
    spec_.model.kind = SentencePieceModel::bpe;
    const std::vector<std::string> pieces =
        pieces_by_id(get_vocab(file_, spec_.where), spec_.added, spec_.where);
    const std::string unknown = get_string_or(model, "unk_token", spec_.where, unknown_);
    const PieceIds ids(pieces);
    unknown_id_ = ids.find(unknown);
    const auto bytes = std::count_if(pieces.begin(), pieces.end(),
                                     [](const std::string& piece) { return byte_of_piece(piece) >= 0; });
    // Transformers sets the flag whether there are bytes or not.
    spec_.model.byte_fallback = get_bool_or(model, "byte_fallback", spec_.where, false) && bytes == 256;
    for (const std::string& piece : pieces) add_piece(piece, 0);
    spec_.model.merges = read_json_merges(model, ids, spec_.where);
  }

  const TokenizerJson& file_;
  const Json& json_;
  const std::string& unknown_;
  std::map<std::string_view, const AddedToken*> added_;
  int32_t unknown_id_ = -1;
  SentencePieceSpec spec_;
};

}  // namespace

SentencePieceSpec parse_sentencepiece_json(const TokenizerJson& file, const std::string& unknown,
                                           const std::string& where) {
  return JsonReader(file, unknown, where).read();
}

}  // namespace frugal

// A SentencePiece model as its file says it: sentencepiece_model.proto of
// https://github.com/google/sentencepiece.
//
// T. Kudo, J. Richardson, "SentencePiece: A simple and language independent subword tokenizer and detokenizer
// for neural text processing", EMNLP 2018.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frugal/text/bpe_spec.h"

namespace frugal {

struct SentencePiece {
  // The file's numbers. user_defined: found before anything else; byte: <0xE2>, for characters without a
  // piece; unused: there for its id alone.
  enum Type : uint8_t { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

  std::string text;
  float score = 0;  // unigram: log probability; BPE: the higher the earlier merged
  Type type = normal;
};

struct SentencePieceRules {
  std::string chars_map;            // see CharsMap; empty: every character stays
  bool dummy_prefix = true;         // a blank before the text, so that its first word is like others
  bool remove_extra_blanks = true;  // several blanks are one, and none at either end
  bool escape_blanks = true;        // a blank is written as U+2581
  bool blank_suffix = false;        // the dummy goes to the end
};

struct SentencePieceModel {
  enum Kind : uint8_t { unigram = 1, bpe = 2 };

  std::vector<SentencePiece> pieces;  // by id; none is empty, exactly one is unknown
  // BPE with rules of its own, from tokenizer.json, the first one first. None: scores rule.
  std::vector<BpeMerge> merges;
  Kind kind = unigram;
  bool byte_fallback = false;  // pieces of bytes are used; then there are all 256
  SentencePieceRules rules;
  std::optional<SentencePieceRules> decode_rules;  // applied to decoded text
  std::string unknown_surface = " \u2047 ";        // what an unknown piece decodes to
  std::string unknown_name = "<unk>", begin_name = "<s>", end_name = "</s>", pad_name = "<pad>";
  int32_t unknown_id = -1;
};

// U+2581, which stands for a blank in pieces.
inline constexpr std::string_view kBlankMark = "\u2581";

// `where` names the file in errors. Throws on damage and on what the sentencepiece library refuses too: an
// empty piece, no unknown one, bytes that lack; and on scores that are no numbers. That pieces are different
// and UTF-8 is Vocab's to check.
SentencePieceModel parse_sentencepiece_model(std::string_view file, const std::string& where);

// What parse_sentencepiece_model checks, for a model from another source; sets unknown_id.
void check_sentencepiece_model(SentencePieceModel& model, const std::string& where);

// 0 ... 255 of "<0x00>" ... "<0xFF>", else -1.
int byte_of_piece(std::string_view piece);

}  // namespace frugal

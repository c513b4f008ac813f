// BERT's tokenizer: normalisation, words, WordPiece, [CLS] and [SEP].
//
// Gives the ids of Hugging Face's `tokenizers` 0.23 for its pipeline BertNormalizer, BertPreTokenizer,
// WordPiece.
#pragma once

#include <memory>
#include <string>

#include "frugal/text/code_point_table.h"
#include "frugal/text/tokenizer.h"
#include "frugal/text/wordpiece.h"
#include "frugal/text/wordpiece_spec.h"

namespace frugal {

class WordPieceTokenizer final : public Tokenizer {
 public:
  explicit WordPieceTokenizer(WordPieceSpec spec);  // throws what is wrong with it

  std::string decode(std::span<const int32_t> ids, bool skip_special = true) const override;
  int vocab_size() const override { return static_cast<int>(pieces().size()); }
  std::optional<int32_t> id_of(std::string_view piece) const override;
  std::string_view piece_of(int32_t id) const override;

  // What it was made of; `pieces` is moved out of it, see pieces().
  const WordPieceSpec& spec() const { return spec_; }
  const std::vector<std::string>& pieces() const {  // by id, added ones last
    return more_pieces_.empty() ? model_.vocab().pieces() : more_pieces_;
  }

 private:
  void append_tokens(std::string_view text, size_t most, bool offsets, Encoding& out) const override;
  bool append_stretch(std::string_view stretch, uint32_t base, size_t until, bool offsets,
                      Encoding& out) const;
  bool append_rare(std::string_view stretch, uint32_t base, size_t until, bool offsets, Encoding& out) const;

  WordPieceSpec spec_;
  WordPiece model_;
  CodePointTable table_;
  AddedTokens raw_;                       // found in the text as it is
  AddedTokens normalized_;                // found after normalisation
  std::vector<std::string> more_pieces_;  // all, where added tokens continue the model's
  std::vector<bool> special_id_;
};

}  // namespace frugal

// The tokenizers of T5, mT5, XLNet, ALBERT, Reformer and of any plain SentencePiece model.
//
// Gives the ids of the sentencepiece library for the same model file; around it what the family's published
// code does (SentencePieceSpec). Offsets are the library's: a word's first piece starts at the blank before
// it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "frugal/text/piece_model.h"
#include "frugal/text/sentencepiece_normalizer.h"
#include "frugal/text/sentencepiece_spec.h"
#include "frugal/text/tokenizer.h"
#include "frugal/text/tokenizer_json.h"
#include "frugal/text/vocab.h"

namespace frugal {

class SentencePieceTokenizer final : public Tokenizer {
 public:
  explicit SentencePieceTokenizer(SentencePieceSpec spec);  // throws what is wrong with it

  std::string decode(std::span<const int32_t> ids, bool skip_special = true) const override;
  int vocab_size() const override { return vocab_.size(); }
  std::optional<int32_t> id_of(std::string_view piece) const override { return vocab_.id_of(piece); }
  std::string_view piece_of(int32_t id) const override;

 private:
  // A piece made of a part of another one.
  struct Part {
    int32_t id;
    uint32_t size;  // bytes of it
  };
  struct Work;

  void append_tokens(std::string_view text, size_t most, bool offsets, Encoding& out) const override;
  void append_stretch(std::string_view text, uint32_t base, size_t until, bool offsets, Work& work,
                      Encoding& out) const;
  std::vector<Part> without_comma(std::string_view piece) const;
  int32_t id_or_unknown(std::string_view piece) const;

  SentencePieceSpec spec_;
  Vocab vocab_;  // the model's pieces and the added tokens
  AddedTokens added_;
  SentencePieceNormalizer normalizer_;
  std::unique_ptr<const PieceModel> model_;
  std::unique_ptr<const SentencePieceNormalizer> denormalizer_;  // null: decoded text stays
  std::vector<bool> special_id_;
  std::vector<int32_t> byte_ids_;          // by byte; empty: none
  std::vector<std::vector<Part>> commas_;  // what a piece of digits and a comma becomes; the first is empty
  std::vector<uint32_t> comma_of_;         // by piece: index of commas_; empty: none is split
};

// Reads spiece.model, spm.model, sentencepiece.bpe.model or tokenizer.model, and if there is none
// tokenizer.json; with what tokenizer_config.json, special_tokens_map.json and added_tokens.json say. The
// family is that of "tokenizer_class", else of "model_type" in config.json; without either it is the plain
// model. `tokenizer_json`: the parsed file. Throws on what is missing, damaged or
// not supported.
std::shared_ptr<const Tokenizer> load_sentencepiece_tokenizer(const std::string& folder,
                                                              const TokenizerJson& tokenizer_json);
std::shared_ptr<const Tokenizer> load_sentencepiece_tokenizer(const std::string& folder);

}  // namespace frugal

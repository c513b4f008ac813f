// The tokenizer of GPT-2, RoBERTa and BART, of Llama 3 and Qwen2: words by GPT-2's or GPT-4's pattern,
// byte-pair encoding of their bytes.
//
// Gives the ids, offsets and texts of Hugging Face's `tokenizers` 0.23 for its ByteLevel pipeline. Bytes that
// are no UTF-8 are encoded as U+FFFD.
#pragma once

#include <string>
#include <vector>

#include "frugal/text/bpe.h"
#include "frugal/text/bpe_spec.h"
#include "frugal/text/byte_level_splitter.h"
#include "frugal/text/tokenizer.h"
#include "frugal/text/vocab.h"

namespace frugal {

class BpeTokenizer final : public Tokenizer {
 public:
  explicit BpeTokenizer(BpeSpec spec);  // throws what is wrong with it

  std::string decode(std::span<const int32_t> ids, bool skip_special = true) const override;
  int vocab_size() const override { return vocab_.size(); }
  std::optional<int32_t> id_of(std::string_view piece) const override { return vocab_.id_of(piece); }
  std::string_view piece_of(int32_t id) const override;

  // What it was made of; `pieces` and `merges` are moved out of it.
  const BpeSpec& spec() const { return spec_; }

 private:
  class Call;

  void append_tokens(std::string_view text, size_t most, bool offsets, Encoding& out) const override;

  BpeSpec spec_;
  CharClasses classes_;
  Bpe model_;
  Vocab vocab_;
  AddedTokens raw_;         // found first
  AddedTokens normalized_;  // found in what is left; nothing is normalised, so only the order differs
  std::vector<bool> special_id_;
};

}  // namespace frugal

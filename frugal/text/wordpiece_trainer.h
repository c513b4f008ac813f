// Trains BERT's kind of vocabulary. Pieces are merged as BPE merges them (the `tokenizers` library does the
// same under this name; Google's own trainer was never published), the merges are then forgotten.
#pragma once

#include "frugal/text/bert_words.h"
#include "frugal/text/tokenizer_trainer.h"
#include "frugal/text/word_counts.h"

namespace frugal {

class WordPieceTrainer final : public TokenizerTrainer {
 public:
  explicit WordPieceTrainer(const TokenizerTraining& training);
  void add(std::string_view line) override;
  uint64_t words() const override { return counts_.total(); }
  size_t train(const std::string& folder, const std::function<void(size_t)>& on_piece) override;

 private:
  TokenizerTraining training_;
  BertWords words_;
  WordCounts counts_;
};

}  // namespace frugal

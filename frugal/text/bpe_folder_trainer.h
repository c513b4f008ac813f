// Trains GPT-2's or RoBERTa's kind of vocabulary: byte-level BPE.
#pragma once

#include "frugal/text/char_class.h"
#include "frugal/text/tokenizer_trainer.h"
#include "frugal/text/word_counts.h"

namespace frugal {

class ByteLevelBpeTrainer final : public TokenizerTrainer {
 public:
  explicit ByteLevelBpeTrainer(const TokenizerTraining& training) : training_(training) {}
  void add(std::string_view line) override;
  uint64_t words() const override { return counts_.total(); }
  size_t train(const std::string& folder, const std::function<void(size_t)>& on_piece) override;

 private:
  TokenizerTraining training_;
  CharClasses classes_;
  WordCounts counts_;  // as bytes
};

}  // namespace frugal

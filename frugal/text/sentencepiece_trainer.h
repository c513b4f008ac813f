// Trains unigram and BPE models with the sentencepiece library: T5's kind of vocabulary, and Reformer's.
//
// The library runs in a process of its own, frugal-train-sentencepiece (tools/train_sentencepiece.cc), which
// is installed beside the program or in libexec/frugal.
#pragma once

#include "frugal/text/sentencepiece_model.h"
#include "frugal/text/tokenizer_trainer.h"

namespace frugal {

// Writes spiece.model, of vocab_size pieces, and tokenizer_config.json. Unigram: <pad> 0, </s> 1, <unk> 2 and
// T5's class, without sentinels. BPE: <unk> 0, <s> 1, </s> 2 and Reformer's. Text is normalised by nmt_nfkc,
// the rules of the published models. The same lines give the same bytes, on any number of cores.
class SentencePieceTrainer final : public TokenizerTrainer {
 public:
  // Starts the process. Throws when the program is missing.
  SentencePieceTrainer(SentencePieceModel::Kind kind, const TokenizerTraining& training);
  ~SentencePieceTrainer() override;  // without train(): ends the process

  void add(std::string_view line) override;
  uint64_t words() const override { return words_; }
  size_t train(const std::string& folder, const std::function<void(size_t)>& on_piece) override;

 private:
  class Process;

  SentencePieceModel::Kind kind_;
  std::unique_ptr<Process> process_;
  uint64_t words_ = 0;
};

}  // namespace frugal

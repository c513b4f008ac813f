#include "frugal/text/wordpiece_trainer.h"

#include "frugal/text/bpe_trainer.h"
#include "frugal/text/wordpiece_spec.h"

namespace frugal {
namespace {

BertRules rules_of(const TokenizerTraining& training) {
  BertRules rules;
  rules.lower_case = training.lower_case;
  return rules;
}

}  // namespace

WordPieceTrainer::WordPieceTrainer(const TokenizerTraining& training)
    : training_(training), words_(rules_of(training)) {}

void WordPieceTrainer::add(std::string_view line) {
  words_.for_each(line, [&](std::string_view word) { counts_.add(word); });
}

size_t WordPieceTrainer::train(const std::string& folder, const std::function<void(size_t)>& on_piece) {
  WordPieceSpec settings;
  settings.rules = rules_of(training_);
  const SpecialNames& names = settings.names;
  BpeTraining training;
  training.vocab_size = static_cast<size_t>(training_.vocab_size);
  training.min_frequency = training_.min_frequency;
  training.first = {names.pad, names.unk, names.cls, names.sep, names.mask};
  training.most_characters = static_cast<size_t>(training_.most_characters);
  training.inside_prefix = settings.prefix;
  training.on_merge = on_piece;
  const TrainedBpe trained = train_bpe(counts_, training);
  write_wordpiece_folder(folder, trained.pieces, settings);
  return trained.pieces.size();
}

}  // namespace frugal

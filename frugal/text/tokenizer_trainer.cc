#include "frugal/text/tokenizer_trainer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "frugal/base/error.h"
#include "frugal/text/bpe_folder_trainer.h"
#include "frugal/text/sentencepiece_trainer.h"
#include "frugal/text/wordpiece_trainer.h"

namespace frugal {
namespace {

using Made = std::unique_ptr<TokenizerTrainer>;

struct Kind {
  const char* name;
  Made (*make)(const TokenizerTraining&);
};
constexpr Kind kKinds[] = {
    {"wordpiece", [](const TokenizerTraining& t) -> Made { return std::make_unique<WordPieceTrainer>(t); }},
    {"bpe", [](const TokenizerTraining& t) -> Made { return std::make_unique<ByteLevelBpeTrainer>(t); }},
    {"unigram",
     [](const TokenizerTraining& t) -> Made {
       return std::make_unique<SentencePieceTrainer>(SentencePieceModel::unigram, t);
     }},
    {"sentencepiece-bpe",
     [](const TokenizerTraining& t) -> Made {
       return std::make_unique<SentencePieceTrainer>(SentencePieceModel::bpe, t);
     }},
};

}  // namespace

std::vector<std::string> tokenizer_trainer_kinds() {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) names.push_back(kind.name);
  return names;
}

std::unique_ptr<TokenizerTrainer> make_tokenizer_trainer(const std::string& kind,
                                                         const TokenizerTraining& training) {
  for (const Kind& known : kKinds)
    if (kind == known.name) return known.make(training);
  throw Error("", fmt::format("there is no training of the kind \"{}\"", kind),
              fmt::format("known: {}", fmt::join(tokenizer_trainer_kinds(), ", ")));
}

}  // namespace frugal

// `frugal tokenize --train`: a vocabulary from the lines of standard input.
#pragma once

#include <string>

#include "frugal/cli/command.h"
#include "frugal/text/tokenizer_trainer.h"

namespace frugal::cli {

struct TrainTokenizer : Common {
  std::string kind, out;
  TokenizerTraining training;
  bool cased = false;

  bool wanted() const { return !kind.empty(); }
  void add(CLI::App& app);
  int run() const;
};

}  // namespace frugal::cli

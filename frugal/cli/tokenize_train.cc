#include "frugal/cli/tokenize_train.h"

#include <fmt/ranges.h>

#include "frugal/base/error.h"
#include "frugal/base/progress.h"
#include "frugal/cli/lines.h"

namespace frugal::cli {

void TrainTokenizer::add(CLI::App& app) {
  const std::string kinds = fmt::format("{}", fmt::join(tokenizer_trainer_kinds(), ", "));
  app.add_option("--train", kind, "learn a vocabulary of this kind from the lines instead: " + kinds);
  app.add_option("--out", out, "with --train: the folder to write");
  app.add_option("--vocab-size", training.vocab_size, "with --train: pieces in all (default 30000)");
  app.add_option("--min-frequency", training.min_frequency,
                 "with --train: pairs that are rarer are not merged (default 2)");
  app.add_flag("--cased", cased, "with --train wordpiece: keep capitals and accents");
  app.add_option("--alphabet", training.most_characters,
                 "with --train wordpiece: so many characters at most, the commonest (default 1000)");
  app.add_flag("--roberta", training.roberta,
               "with --train bpe: RoBERTa's special tokens and template in place of GPT-2's");
  app.add_flag("--prefix-space", training.prefix_space, "with --train bpe: a blank before each text");
  add_quiet(app);
}

int TrainTokenizer::run() const {
  if (out.empty()) throw UsageError("--train needs --out FOLDER");
  if (training.vocab_size < 1) throw UsageError("--vocab-size must be at least 1");
  if (training.most_characters < 1) throw UsageError("--alphabet must be at least 1");
  TokenizerTraining options = training;
  options.lower_case = !cased;
  const auto trainer = make_tokenizer_trainer(kind, options);
  Progress progress(ProgressOptions::for_stderr(quiet));
  progress.plan(2, 2);
  progress.begin({"count words", 0, 1, 0, "word"});
  int64_t lines = 0;
  uint64_t words = 0;
  for_each_block(4096, [&](const std::vector<std::string>& block) {
    for (const std::string& line : block) trainer->add(line);
    lines += static_cast<int64_t>(block.size());
    progress.advance(lines, static_cast<int64_t>(trainer->words() - words));
    words = trainer->words();
  });
  if (words == 0) throw Error("standard input", "there are no words to learn from");
  progress.end(fmt::format("{} words in {} lines", words, lines));
  progress.begin({"learn pieces", options.vocab_size, 1, 0, "piece"});
  int64_t last = 0;
  const size_t pieces = trainer->train(out, [&](size_t so_far) {
    const auto now = static_cast<int64_t>(so_far);
    if (now < last + 64) return;
    progress.advance(now, now - last);
    last = now;
  });
  progress.end(fmt::format("{} pieces in {}", pieces, out));
  return 0;
}

}  // namespace frugal::cli

// Rules that change a row of next-token scores before a token is chosen: what the reference calls logits
// processors and warpers, in its order. Greedy search and sampling apply them to logits, beam search to log
// probabilities, as the reference does. Arithmetic is float32 like there, so that near ties fall alike.
//
// Rules are immutable; any number of threads may apply them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "frugal/generate/options.h"

namespace frugal {

// What a rule may know: the decoder's ids so far, the prompt's first, and the lengths of this prompt.
struct History {
  std::span<const int32_t> ids;
  Lengths lengths;
};

class ScoreRule {
 public:
  virtual ~ScoreRule() = default;
  virtual void apply(const History& history, std::span<float> scores) const = 0;
};

// repetition_penalty (Keskar et al. 2019, arXiv 1909.05858), no_repeat_ngram_size, bad_words_ids, minimum
// length, forced first and last tokens, suppressed tokens; then, when sampling, temperature, top-k (Fan et
// al. 2018, arXiv 1805.04833) and top-p (Holtzman et al. 2019, arXiv 1904.09751).
class ScoreRules {
 public:
  ScoreRules() = default;
  explicit ScoreRules(const GenerationOptions& options);

  void apply(const History& history, std::span<float> scores) const {
    for (const auto& rule : rules_) rule->apply(history, scores);
  }
  bool empty() const { return rules_.empty(); }

 private:
  std::vector<std::shared_ptr<const ScoreRule>> rules_;
};

// The three that belong to sampling; at least `least` tokens stay.
std::vector<std::shared_ptr<const ScoreRule>> sampling_rules(const GenerationOptions& options, int least);

}  // namespace frugal

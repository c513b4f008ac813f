// How likely a language model finds tokens.
#pragma once

#include <span>
#include <vector>

#include "frugal/predict/text_model.h"

namespace frugal {

// `scored` after `given`: in one sequence for a causal model, as target and source for an encoder-decoder.
struct ScoredTokens {
  std::vector<int32_t> given, scored;
};

class Likelihood {
 public:
  // The model must outlive this. Throws Error when its head does not predict a text's next token.
  explicit Likelihood(TextModel& model);

  // The log probability (in nats) of each scored token, given what stands before it. A causal model needs at
  // least one given token. Throws Error for more tokens than the model has positions for.
  std::vector<std::vector<double>> of(std::span<const ScoredTokens> items);

 private:
  void check(const ScoredTokens& item) const;
  std::vector<std::vector<double>> causal(std::span<const ScoredTokens> items);
  std::vector<double> of_target(const ScoredTokens& item);

  TextModel& model_;
};

}  // namespace frugal

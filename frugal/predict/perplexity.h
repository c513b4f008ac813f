// Perplexity: how surprised a language model is by a text, exp of the mean negative log probability of its
// tokens.
//
// A causal model reads the text in windows of its positions, each `stride` tokens further on; every token but
// the first counts once, with at least (window - stride) tokens before it as far as there are so many. A
// masked model gives the pseudo-perplexity (Salazar et al., "Masked language model scoring", ACL 2020): every
// token is masked in turn and predicted from all others.
#pragma once

#include <string_view>

#include "frugal/predict/text_model.h"

namespace frugal {

struct Surprise {
  double nats = 0;  // sum of negative log probabilities
  int64_t tokens = 0, bytes = 0;

  double perplexity() const;     // NaN without tokens
  double bits_per_byte() const;  // NaN without bytes
  Surprise& operator+=(const Surprise& other);
};

struct PerplexityOptions {
  int window = 0;  // tokens; 0: what the model allows, at most 2048
  int stride = 0;  // tokens; 0: half a window
};

// `progress(done, all)` in windows or masked tokens. Throws Error for a model without such a head, UsageError
// for a window or a stride that cannot be.
Surprise surprise_of(TextModel& model, std::string_view text, const PerplexityOptions& options,
                     const std::function<void(int64_t, int64_t)>& progress = {});

}  // namespace frugal

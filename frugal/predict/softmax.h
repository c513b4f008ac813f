// Softmax over a row of logits.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

namespace frugal {

// log(sum(exp(x))) of at least one value, without overflow.
inline double log_sum_exp(std::span<const float> logits) {
  const float top = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - top);
  return top + std::log(sum);
}

// Probabilities in place of logits, at least one.
inline void softmax(std::span<float> scores) {
  const float top = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (float& score : scores) sum += score = std::exp(score - top);
  for (float& score : scores) score = static_cast<float>(score / sum);
}

inline double log_probability(std::span<const float> logits, int32_t id) {
  return logits[static_cast<size_t>(id)] - log_sum_exp(logits);
}

}  // namespace frugal

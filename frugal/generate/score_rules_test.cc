#include "frugal/generate/score_rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "frugal/base/random.h"

namespace frugal {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

std::vector<int> kept(const GenerationOptions& options, std::vector<float> scores,
                      const std::vector<int32_t>& ids = {1}, Lengths lengths = {1, 0, 20}) {
  ScoreRules(options).apply({ids, lengths}, scores);
  std::vector<int> kept;
  for (size_t i = 0; i < scores.size(); ++i)
    if (scores[i] > kNever) kept.push_back(static_cast<int>(i));
  return kept;
}

TEST(ScoreRules, TopPKeepsTheLikeliestThatHoldTheShare) {
  Random random(1, "top p");
  for (const size_t n : {1, 5, 64, 65, 300}) {
    for (const double p : {0.0, 0.1, 0.5, 0.9, 0.99, 0.9999}) {
      GenerationOptions options;
      options.do_sample = true;
      options.top_k = 0;
      options.top_p = p;
      std::vector<float> scores(n);
      for (float& x : scores) x = static_cast<float>(random.normal() * 2);
      // The twin: sorted by score, the sum of what is as likely or less.
      std::vector<int> order(n), expected;
      std::iota(order.begin(), order.end(), 0);
      std::sort(order.begin(), order.end(), [&](int a, int b) { return scores[a] < scores[b]; });
      double total = 0, below = 0;
      for (float x : scores) total += std::exp(static_cast<double>(x));
      for (int i : order) {
        below += std::exp(static_cast<double>(scores[i]));
        if (below / total > 1 - p + 1e-9 || i == order.back()) expected.push_back(i);
      }
      std::sort(expected.begin(), expected.end());
      EXPECT_EQ(kept(options, scores), expected) << n << " " << p;
    }
  }
}

TEST(ScoreRules, TopKKeepsTies) {
  GenerationOptions options;
  options.do_sample = true;
  options.top_k = 2;
  EXPECT_EQ(kept(options, {1, 3, 2, 2, 0}), (std::vector<int>{1, 2, 3}));
  options.top_k = 9;
  EXPECT_EQ(kept(options, {1, 3, 2}), (std::vector<int>{0, 1, 2}));
  // A beam search keeps a token that ends nothing.
  options.top_k = 1;
  options.num_beams = 2;
  options.eos = {1};
  EXPECT_EQ(kept(options, {1, 3, 2, 0}), (std::vector<int>{1, 2}));
}

TEST(ScoreRules, TemperatureDividesTheScores) {
  GenerationOptions options;
  options.do_sample = true;
  options.top_k = 0;
  options.temperature = 0.5;
  std::vector<float> scores{1, -2, kNever};
  ScoreRules(options).apply({}, scores);
  EXPECT_EQ(scores, (std::vector<float>{2, -4, kNever}));
}

TEST(ScoreRules, WithoutSettingsThereAreNone) { EXPECT_TRUE(ScoreRules(GenerationOptions()).empty()); }

TEST(ScoreRules, IdsBeyondTheScoresAreSkipped) {
  GenerationOptions options;
  options.repetition_penalty = 2;
  options.no_repeat_ngram_size = 1;
  EXPECT_EQ(kept(options, {1, 1, 1}, {1, 7}), (std::vector<int>{0, 2}));
}

}  // namespace
}  // namespace frugal

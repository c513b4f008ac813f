// What language models say of texts: likelihoods, perplexities, labels ranked by likelihood.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "frugal/base/error.h"
#include "frugal/predict/likelihood.h"
#include "frugal/predict/mask_filler.h"
#include "frugal/predict/perplexity.h"
#include "frugal/predict/testing.h"
#include "frugal/predict/zero_shot.h"

namespace frugal {
namespace {

double sum_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

TEST(Likelihood, IsADistributionAndFollowsTheChainRule) {
  for (const Json& config : {test::gpt2_config(), test::t5_config()}) {
    TextModel model = test::text_model(config);
    Likelihood likelihood(model);
    std::vector<ScoredTokens> next;
    for (int32_t id = 0; id < 125; ++id) next.push_back({{7, 8, 9}, {id}});
    double total = 0;
    for (const auto& one : likelihood.of(next)) total += std::exp(one.at(0));
    EXPECT_NEAR(total, 1, 1e-5);

    const std::vector<ScoredTokens> two{{{7, 8, 9}, {20, 30}}, {{7, 8, 9}, {20}}, {{7, 8, 9, 20}, {30}}};
    const auto found = likelihood.of(two);
    EXPECT_NEAR(found[0][0], found[1][0], 1e-5);
    if (!model.info().decoder) {
      EXPECT_NEAR(found[0][1], found[2][0], 1e-5);
    }
    EXPECT_GT(std::abs(found[0][0] - found[0][1]), 1e-3);
  }
}

TEST(Likelihood, RefusesWhatItCannotScore) {
  TextModel bert = test::text_model(test::bert_config("BertForMaskedLM"));
  EXPECT_THROW(Likelihood{bert}, Error);
  TextModel gpt2 = test::text_model(test::gpt2_config());
  Likelihood likelihood(gpt2);
  const ScoredTokens nothing_given{{}, {5}}, too_long{{5}, std::vector<int32_t>(24, 5)};
  EXPECT_THROW(likelihood.of(std::span(&nothing_given, 1)), Error);
  EXPECT_THROW(likelihood.of(std::span(&too_long, 1)), Error);
}

TEST(Perplexity, EveryTokenCountsOnceWhateverTheWindows) {
  TextModel model = test::text_model(test::gpt2_config());
  const std::string text = test::random_text(61, 1);
  EncodeOptions plain;
  plain.special_tokens = false;
  const std::vector<int32_t> ids = model.folder().tokenizer->encode(text, plain).ids;
  ASSERT_EQ(ids.size(), 61u);
  for (const auto& [window, stride] :
       {std::pair(24, 1), std::pair(24, 12), std::pair(10, 9), std::pair(2, 1)}) {
    const Surprise found = surprise_of(model, text, {window, stride});
    EXPECT_EQ(found.tokens, 60);
    EXPECT_EQ(found.bytes, static_cast<int64_t>(text.size()));
    // Token by token: what stands before it in its window.
    Likelihood likelihood(model);
    double nats = 0;
    for (int t = 1; t < 61; ++t) {
      const int end = t < window ? window : window + (t - window) / stride * stride + stride;
      const int begin = std::max(0, std::min(end, 61) - window);
      const ScoredTokens one{{ids.begin() + begin, ids.begin() + t}, {ids[t]}};
      nats -= likelihood.of(std::span(&one, 1))[0][0];
    }
    EXPECT_NEAR(found.nats, nats, 1e-4 * nats) << window << " " << stride;
    EXPECT_NEAR(found.perplexity(), std::exp(nats / 60), 1e-2 * found.perplexity());
  }
  EXPECT_THROW(surprise_of(model, text, {25, 0}), UsageError);
  EXPECT_THROW(surprise_of(model, text, {24, 24}), UsageError);
  EXPECT_EQ(surprise_of(model, "", {}).tokens, 0);
}

TEST(Perplexity, OfAMaskedModelMasksEveryTokenInTurn) {
  TextModel model = test::text_model(test::bert_config("BertForMaskedLM"));
  const std::string text = test::random_text(9, 2);
  double nats = 0;
  for (int t = 0; t < 9; ++t) {
    std::string masked = text;
    const std::string word = masked.substr(3 * t, 2);
    masked.replace(3 * t, 2, "[MASK]");
    MaskFiller filler(test::text_model(test::bert_config("BertForMaskedLM")));
    const auto fillings = filler.fill(masked, 125);
    for (const Filling& filling : fillings.at(0))
      if (filling.piece == word) nats -= std::log(filling.probability);
  }
  const Surprise found = surprise_of(model, text, {});
  EXPECT_EQ(found.tokens, 9);
  EXPECT_NEAR(found.nats, nats, 1e-4 * nats);
  EXPECT_EQ(surprise_of(model, test::random_text(50, 3), {}).tokens, 50);  // several windows
}

TEST(ZeroShot, RanksLabelsByTheirLikelihood) {
  for (const Json& config : {test::gpt2_config(), test::t5_config()}) {
    TextModel model = test::text_model(config);
    const Tokenizer& tokenizer = *model.folder().tokenizer;
    ZeroShotOptions options;
    options.labels = {"ab", "cd ef", "bb"};
    options.prompt = "aa {} zz ba";
    const bool decoder = model.info().decoder;
    EncodeOptions plain;
    plain.special_tokens = decoder;
    std::vector<ScoredTokens> items;
    for (const std::string& label : options.labels)
      items.push_back({tokenizer.encode("aa bc de zz ba", plain).ids, tokenizer.encode(label, plain).ids});
    std::vector<double> sums;
    for (const auto& one : Likelihood(model).of(items)) sums.push_back(std::exp(sum_of(one)));
    const std::vector<float> found = ZeroShot(test::text_model(config), options).classify("bc de");
    for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(found[i], sums[i] / sum_of(sums), 1e-4);
  }
}

}  // namespace
}  // namespace frugal

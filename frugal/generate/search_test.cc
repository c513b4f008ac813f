#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "frugal/base/error.h"
#include "frugal/base/random.h"
#include "frugal/generate/config.h"
#include "frugal/generate/row_scores.h"
#include "frugal/generate/testing.h"
#include "frugal/io/json.h"

namespace frugal {
namespace {

using test::generate_all;
using test::HashedModel;
using test::settings_of;

std::vector<std::vector<int32_t>> random_prompts(size_t count, int64_t vocab, uint64_t seed) {
  Random random(seed, "prompts");
  std::vector<std::vector<int32_t>> prompts(count);
  for (auto& prompt : prompts)
    for (uint64_t i = 0, n = 1 + random.below(12); i < n; ++i)
      prompt.push_back(static_cast<int32_t>(random.below(static_cast<uint64_t>(vocab))));
  return prompts;
}

TEST(GenerateSearch, FindsWhatTheReferenceFinds) {
  const Json file = load_json(FRUGAL_SOURCE_DIR "/tests/cases/generate/search.json");
  const int64_t vocab = file.at("vocab");
  size_t number = 0, beams = 0;
  for (const Json& one : file.at("cases")) {
    SCOPED_TRACE(fmt::format("case {}: {}", number++, one.dump()));
    GenerationOptions options;
    read_generation_options(one.at("settings"), "case", options);
    HashedModel model(vocab);
    const auto found = generate_all(model, settings_of(options, vocab), {one.at("prompt")})[0];
    ASSERT_EQ(found.size(), one.at("ids").size());
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].ids, one.at("ids")[i].get<std::vector<int32_t>>());
      if (!one.contains("scores")) continue;
      EXPECT_NEAR(found[i].score, one.at("scores")[i].get<double>(), 2e-5 * (1 + std::abs(found[i].score)));
      ++beams;
    }
  }
  EXPECT_EQ(number, 300u);
  EXPECT_GT(beams, 200u);
}

// With as many beams as there are beginnings, nothing is lost: the best of all continuations.
TEST(GenerateSearch, WideBeamsFindTheBestOfAll) {
  constexpr int64_t vocab = 4, length = 4;
  GenerationOptions options;
  options.num_beams = 64;
  options.length_penalty = 0;
  options.early_stopping = EarlyStopping::never;
  options.max_new_tokens = length;
  options.eos = {0};
  HashedModel model(vocab);
  for (int32_t start = 0; start < 40; ++start) {
    const std::vector<int32_t> prompt{start % 4, start / 4 % 4, start / 16};
    double best = -1e30;
    std::vector<int32_t> best_ids;
    for (int code = 0; code < 256; ++code) {
      std::vector<int32_t> ids = prompt, fresh;
      double score = 0;
      for (int i = 0; i < length && (fresh.empty() || fresh.back() != 0); ++i) {
        std::vector<float> row = HashedModel::logits(ids, vocab);
        double sum = 0;
        for (float x : row) sum += std::exp(static_cast<double>(x));
        fresh.push_back(code >> (2 * i) & 3);
        ids.push_back(fresh.back());
        score += row[static_cast<size_t>(fresh.back())] - std::log(sum);
      }
      if (score > best) best = score, best_ids = fresh;
    }
    const auto found = generate_all(model, settings_of(options, vocab), {prompt})[0][0];
    EXPECT_EQ(found.ids, best_ids);
    EXPECT_NEAR(found.score, best, 1e-4);
  }
}

TEST(GenerateSearch, ResultsDoNotDependOnCompany) {
  constexpr int64_t vocab = 50;
  const auto prompts = random_prompts(40, vocab, 1);
  for (const int kind : {0, 1, 2, 3}) {
    GenerationOptions options;
    options.max_new_tokens = 15;
    options.eos = {1, 2, 3};
    options.num_beams = kind % 2 ? 3 : 1;
    options.do_sample = kind >= 2;
    options.num_return_sequences = kind == 0 ? 1 : 3;
    const auto settings = settings_of(options, vocab);
    HashedModel model(vocab);
    const auto together = generate_all(model, settings, prompts);
    EXPECT_GT(model.most_rows, 30u);
    HashedModel narrow(vocab);
    const auto few = generate_all(narrow, settings, prompts, {7, 20, 200});
    EXPECT_LE(narrow.most_rows, 7u);
    EXPECT_GT(narrow.steps, model.steps);
    for (size_t i = 0; i < prompts.size(); ++i)
      for (size_t j = 0; j < together[i].size(); ++j) {
        EXPECT_EQ(together[i][j].ids, few[i][j].ids);
        EXPECT_EQ(together[i][j].score, few[i][j].score);
      }
  }
}

TEST(GenerateSearch, SamplingFollowsTheDistribution) {
  constexpr int64_t vocab = 12;
  GenerationOptions options;
  options.do_sample = true;
  options.max_new_tokens = 1;
  options.num_return_sequences = 4000;
  options.temperature = 2;
  options.top_k = 8;
  options.seed = 5;
  HashedModel model(vocab);
  const std::vector<int32_t> prompt{3, 4};
  const auto found = generate_all(model, settings_of(options, vocab), {prompt}, {5000, 2048, 1 << 30})[0];
  std::vector<float> row = HashedModel::logits(prompt, vocab), sorted = row;
  std::sort(sorted.rbegin(), sorted.rend());
  double sum = 0;
  for (int i = 0; i < 8; ++i) sum += std::exp(sorted[i] / 2.0);
  std::vector<double> counts(vocab);
  for (const Hypothesis& h : found) ++counts[h.ids[0]];
  for (int64_t i = 0; i < vocab; ++i) {
    const double p = row[i] >= sorted[7] ? std::exp(row[i] / 2.0) / sum : 0;
    EXPECT_NEAR(counts[i] / 4000, p, 4 * std::sqrt(p * (1 - p) / 4000) + 1e-12) << i;
  }
}

TEST(GenerateSearch, SeedsAndPromptNumbersKeyWhatIsDrawn) {
  constexpr int64_t vocab = 50;
  GenerationOptions options;
  options.do_sample = true;
  options.max_new_tokens = 20;
  const std::vector<std::vector<int32_t>> prompts(3, {1, 2, 3});
  HashedModel model(vocab);
  const auto a = generate_all(model, settings_of(options, vocab), prompts);
  const auto b = generate_all(model, settings_of(options, vocab), prompts);
  options.seed = 1;
  const auto c = generate_all(model, settings_of(options, vocab), prompts);
  std::set<std::vector<int32_t>> all;
  for (size_t i = 0; i < prompts.size(); ++i) {
    EXPECT_EQ(a[i][0].ids, b[i][0].ids);
    all.insert(a[i][0].ids);
    all.insert(c[i][0].ids);
  }
  EXPECT_EQ(all.size(), 6u);
}

TEST(GenerateSearch, RefusesWhatCannotBe) {
  HashedModel model(20);
  model.positions_ = 8;
  const auto settings = settings_of({}, 20);
  const auto message = [&](std::vector<int32_t> prompt) -> std::string {
    try {
      generate_all(model, settings, {std::move(prompt)});
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing";
  };
  EXPECT_EQ(message({1, 20}), "20 is no token: the model's ids are 0 to 19");
  EXPECT_EQ(message({-1}), "-1 is no token: the model's ids are 0 to 19");
  EXPECT_EQ(message({}), "an empty prompt has nothing to continue");
  EXPECT_EQ(message(std::vector<int32_t>(8, 1)),
            "a prompt of 8 tokens leaves no room: the model has 8 positions, so at most 7 fit");
  EXPECT_EQ(message(std::vector<int32_t>(7, 1)), "nothing");

  const auto refused = [](auto&& change) {
    GenerationOptions options;
    change(options);
    EXPECT_THROW(options.check(20), Error);
  };
  refused([](auto& o) { o.num_return_sequences = 2; });
  refused([](auto& o) { o.num_beams = 2, o.num_return_sequences = 3; });
  refused([](auto& o) { o.do_sample = true, o.temperature = 0; });
  refused([](auto& o) { o.do_sample = true, o.top_p = 1.5; });
  refused([](auto& o) { o.eos = {20}; });
  refused([](auto& o) { o.max_new_tokens = 0; });
  refused([](auto& o) { o.repetition_penalty = -1; });
  refused([](auto& o) { o.stop_strings = {""}; });
}

TEST(GenerateSearch, RowScoresAgreeWithPlainLoops) {
  Random random(3, "rows");
  const RowScores rows;
  for (size_t n : {1, 2, 7, 8, 31, 33, 100, 1000}) {
    std::vector<float> row(n);
    for (float& x : row) x = static_cast<float>(random.normal() * 5);
    EXPECT_EQ(rows.argmax(row), std::max_element(row.begin(), row.end()) - row.begin());
    double sum = 0;
    for (float x : row) sum += std::exp(static_cast<double>(x));
    std::vector<float> logs = row;
    rows.log_softmax(logs);
    for (size_t i = 0; i < n; ++i)
      EXPECT_NEAR(logs[i], row[i] - std::log(sum), 2e-6 * (1 + std::abs(logs[i])));
  }
  const float never = -std::numeric_limits<float>::infinity();
  std::vector<float> none(20, never);
  rows.log_softmax(none);
  EXPECT_EQ(none, std::vector<float>(20, never));
  EXPECT_EQ(rows.argmax(none), 0);
  EXPECT_EQ(rows.argmax(std::vector<float>{1, 5, 3, 5}), 1);
}

}  // namespace
}  // namespace frugal

// Labels for pairs and parts of texts: zero-shot classes by entailment, tags, answers.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "frugal/base/error.h"
#include "frugal/predict/answerer.h"
#include "frugal/predict/classifier.h"
#include "frugal/predict/tagger.h"
#include "frugal/predict/testing.h"
#include "frugal/predict/zero_shot.h"

namespace frugal {
namespace {

Json labelled(const std::string& head, const std::vector<std::string>& labels) {
  Json config = test::bert_config(fmt::format("Bert{}", head));
  for (size_t i = 0; i < labels.size(); ++i) config["id2label"][std::to_string(i)] = labels[i];
  return config;
}

const std::vector<std::string> kNli{"neutral", "Contradiction", "ENTAILMENT"};

TEST(ZeroShot, AsksWhetherTheTextEntailsTheLabel) {
  const Json config = labelled("ForSequenceClassification", kNli);
  ZeroShotOptions options;
  options.labels = {"ab", "cd"};
  options.hypothesis = "ba {} zz";
  Classifier classifier(test::text_model(config));
  const std::vector<Text> pairs{{"bc de", "ba ab zz", true}, {"bc de", "ba cd zz", true}};
  const auto whole = classifier.classify(pairs);
  const auto ratio = [&](int i, int a, int b) {
    return whole[i].scores[a] / (whole[i].scores[a] + whole[i].scores[b]);
  };
  options.independent = true;
  const auto each = ZeroShot(test::text_model(config), options).classify("bc de");
  for (int i : {0, 1}) EXPECT_NEAR(each[i], ratio(i, 2, 1), 1e-5);
  options.independent = false;
  const auto one = ZeroShot(test::text_model(config), options).classify("bc de");
  EXPECT_NEAR(one[0] + one[1], 1, 1e-6);
  EXPECT_GT(std::abs(one[0] - one[1]), 1e-3);
}

TEST(ZeroShot, RefusesLabelsAndModelsThatCannotBe) {
  using Labels = std::vector<std::string>;
  const auto make = [](const Json& config, Labels labels, std::string hypothesis = "is {}") {
    ZeroShotOptions options;
    options.labels = std::move(labels);
    options.hypothesis = std::move(hypothesis);
    ZeroShot(test::text_model(config), options);
  };
  const Json nli = labelled("ForSequenceClassification", kNli);
  const Labels two{"ab", "cd"};
  EXPECT_NO_THROW(make(nli, two));
  EXPECT_THROW(make(nli, Labels(1, "ab")), UsageError);
  EXPECT_THROW(make(nli, Labels(2, "ab")), UsageError);
  EXPECT_THROW(make(nli, Labels(2, "")), UsageError);
  EXPECT_THROW(make(nli, two, "no place"), UsageError);
  EXPECT_THROW(make(labelled("ForSequenceClassification", {"good", "bad"}), two), Error);
  EXPECT_THROW(make(test::bert_config("BertForMaskedLM"), two), Error);
}

// Without its "B-" or "I-"; empty for "O".
std::string kind_of(std::string label) {
  label.erase(0, std::min<size_t>(2, label.size()));
  return label;
}

TEST(Tagger, GivesEachTokenItsBestLabelAndMergesNeighbours) {
  const Json config = labelled("ForTokenClassification", {"O", "B-X", "I-X", "B-Y", "I-Y"});
  Tagger tagger(test::text_model(config));
  std::set<std::string> labels;
  for (uint64_t seed = 0; seed < 8; ++seed) {
    const std::string text = test::random_text(12, seed);
    const std::vector<Tag> tokens = tagger.tokens(text), entities = tagger.entities(text);
    ASSERT_EQ(tokens.size(), 12u);
    size_t e = 0;
    std::string last;
    for (size_t t = 0; t < tokens.size(); ++t) {
      EXPECT_EQ(tokens[t].begin, 3 * t);
      EXPECT_EQ(tokens[t].end, 3 * t + 2);
      const std::string& label = tokens[t].label;
      labels.insert(label);
      const bool goes_on = t > 0 && label[0] == 'I' && kind_of(label) == last;
      if (t > 0 && !last.empty() && !goes_on) ++e;
      last = kind_of(label);
      if (last.empty()) continue;
      ASSERT_LT(e, entities.size());
      EXPECT_EQ(entities[e].label, last);
      EXPECT_LE(entities[e].begin, tokens[t].begin);
      EXPECT_GE(entities[e].end, tokens[t].end);
    }
    EXPECT_EQ(entities.size(), e + !last.empty());
  }
  EXPECT_GT(labels.size(), 3u);
  EXPECT_TRUE(tagger.tokens("").empty());
  EXPECT_EQ(tagger.tokens(test::random_text(100, 9)).size(), 100u);  // many windows
  EXPECT_THROW(Tagger(test::text_model(test::bert_config("BertForMaskedLM"))), Error);
}

// The definition, on a text that one window holds.
TEST(Answerer, FindsTheLikeliestSpan) {
  const Json config = test::bert_config("BertForQuestionAnswering");
  Answerer answerer(test::text_model(config));
  TextModel model = test::text_model(config);
  AnswerOptions options;
  options.longest = 3;
  options.no_answer = true;
  options.top = 100;
  for (uint64_t seed = 0; seed < 6; ++seed) {
    const std::string question = "ab cd", text = test::random_text(11, seed);
    const Sequence pair = model.tokenize(Text{question, text, true});  // [CLS] 2 [SEP] 11 [SEP]
    ASSERT_EQ(pair.ids.size(), 16u);
    std::vector<double> start(16), end(16);
    model.run_tokens(std::span(&pair, 1), {"start_logits", "end_logits"}, [&](size_t, auto rows) {
      const auto over = [&](std::span<const float> logits, std::vector<double>& to) {
        double total = std::exp(logits[0]);
        for (int t = 4; t < 15; ++t) total += std::exp(logits[t]);
        for (int t = 0; t < 16; ++t) to[t] = std::exp(logits[t]) / total;
      };
      over(rows[0], start), over(rows[1], end);
    });
    double best = 0, none = start[0] * end[0];
    size_t from = 0, to = 0;
    for (size_t s = 4; s < 15; ++s)
      for (size_t e = s; e < std::min<size_t>(15, s + 3); ++e)
        if (start[s] * end[e] > best) best = start[s] * end[e], from = s, to = e;
    const std::vector<Answer> found = answerer.answer(question, text, options);
    const auto first = std::ranges::find_if(found, [](const Answer& a) { return a.end > 0; });
    ASSERT_NE(first, found.end());
    EXPECT_NEAR(first->score, best, 1e-5);
    EXPECT_EQ(first->begin, 3 * (from - 4));
    EXPECT_EQ(first->end, 3 * (to - 4) + 2);
    const auto nothing = std::ranges::find_if(found, [](const Answer& a) { return a.end == 0; });
    ASSERT_NE(nothing, found.end());
    EXPECT_NEAR(nothing->score, none, 1e-5);
    for (size_t i = 1; i < found.size(); ++i) EXPECT_GE(found[i - 1].score, found[i].score);
  }
  EXPECT_EQ(answerer.answer("ab", test::random_text(90, 7), {}).size(), 1u);
  EXPECT_EQ(answerer.answer("ab", "", {}).at(0).end, 0u);
  EXPECT_THROW(answerer.answer(test::random_text(40, 8), "ab", {}), Error);  // the question leaves no room
}

TEST(Windows, CoverTheTextAndOverlap) {
  TextModel model = test::text_model(test::bert_config("BertModel"));
  const Tokenizer& tokenizer = *model.folder().tokenizer;
  const std::string text = test::random_text(50, 1);
  EncodeOptions options;
  const std::vector<int32_t> whole = tokenizer.encode(text, options).ids;
  options.max_length = 12;
  options.offsets = true;
  const auto windows = tokenizer.windows(text, options, 4);
  size_t begin = 1;
  for (const Encoding& window : windows) {
    ASSERT_LE(window.size(), 12u);
    ASSERT_EQ(window.offsets.size(), window.size());
    EXPECT_EQ(window.ids.front(), whole.front());
    EXPECT_EQ(window.ids.back(), whole.back());
    EXPECT_TRUE(std::equal(window.ids.begin() + 1, window.ids.end() - 1, whole.begin() + begin));
    EXPECT_EQ(window.offsets[1].first, 3 * (begin - 1));
    if (&window == &windows.back()) {
      EXPECT_EQ(begin + window.size() - 2, whole.size() - 1);
    }
    begin += 10 - 4;
  }
  EXPECT_EQ(windows.size(), 8u);
  options.max_length = 6;
  EXPECT_THROW(tokenizer.windows(text, options, 4), Error);
  options.max_length = 5;
  EXPECT_EQ(tokenizer.pair_windows("ab", "cd ef", options, 0).size(), 2u);
}

}  // namespace
}  // namespace frugal

#include "frugal/text/bpe_trainer.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "frugal/base/error.h"
#include "frugal/io/json.h"
#include "frugal/io/testing.h"
#include "frugal/text/tokenizer.h"
#include "frugal/text/tokenizer_trainer.h"
#include "frugal/text/wordpiece_spec.h"

namespace frugal {
namespace {

WordCounts counts_of(const std::vector<std::pair<std::string, uint64_t>>& words) {
  WordCounts counts;
  for (const auto& [word, count] : words) counts.add(word, count);
  return counts;
}

std::vector<std::string> pieces(const WordCounts& counts, BpeTraining training) {
  return train_bpe(counts, training).pieces;
}

// Counts all pairs again before every merge. Where a piece arises in one way only, this is what "the most
// frequent pair" means.
std::vector<std::string> slow(const std::vector<std::pair<std::string, uint64_t>>& words, size_t vocab_size,
                              uint64_t min_frequency) {
  std::vector<std::string> out;
  std::map<std::string, size_t> ids;
  std::vector<std::vector<std::string>> parts;
  for (char c = 'a'; c <= 'z'; ++c)
    for (const auto& [word, count] : words)
      if (word.find(c) != std::string::npos && ids.emplace(std::string(1, c), out.size()).second)
        out.push_back(std::string(1, c));
  for (const auto& [word, count] : words) {
    parts.emplace_back();
    for (const char c : word) parts.back().push_back(std::string(1, c));
  }
  while (out.size() < vocab_size) {
    std::map<std::pair<size_t, size_t>, uint64_t> counts;
    for (size_t i = 0; i < words.size(); ++i)
      for (size_t k = 0; k + 1 < parts[i].size(); ++k)
        counts[{ids[parts[i][k]], ids[parts[i][k + 1]]}] += words[i].second;
    std::pair<size_t, size_t> best;
    uint64_t most = 0;
    for (const auto& [pair, count] : counts)
      if (count > most) most = count, best = pair;
    if (most == 0 || most < min_frequency) break;
    const std::string left = out[best.first], right = out[best.second];
    if (ids.emplace(left + right, out.size()).second) out.push_back(left + right);
    for (auto& word : parts)
      for (size_t k = 0; k + 1 < word.size(); ++k)
        if (word[k] == left && word[k + 1] == right) {
          word[k] = left + right;
          word.erase(word.begin() + static_cast<ptrdiff_t>(k) + 1);
        }
  }
  return out;
}

TEST(BpeTrainer, MostFrequentPairFirst) {
  const WordCounts counts = counts_of({{"low", 5}, {"lower", 2}, {"newest", 6}, {"widest", 3}});
  BpeTraining training;
  training.vocab_size = 14;
  training.first = {"<s>"};
  EXPECT_EQ(pieces(counts, training), (std::vector<std::string>{"<s>", "d", "e", "i", "l", "n", "o", "r", "s",
                                                                "t", "w", "es", "est", "lo"}));
  const TrainedBpe trained = train_bpe(counts, training);
  ASSERT_EQ(trained.merges.size(), 3u);
  EXPECT_EQ(trained.merges[1].left, 11);
  EXPECT_EQ(trained.merges[1].right, 9);
  EXPECT_EQ(trained.merges[1].result, 12);
}

TEST(BpeTrainer, RarePairsStay) {
  BpeTraining training;
  training.vocab_size = 100;
  training.min_frequency = 3;
  EXPECT_EQ(pieces(counts_of({{"ab", 3}, {"cd", 2}}), training),
            (std::vector<std::string>{"a", "b", "c", "d", "ab"}));
}

TEST(BpeTrainer, AgreesWithCountingAgain) {
  std::mt19937 random(11);
  for (int round = 0; round < 40; ++round) {
    std::vector<std::pair<std::string, uint64_t>> words;
    std::map<std::string, uint64_t> all;
    for (int k = 0; k < 40; ++k) {
      std::string word;
      for (size_t size = 1 + random() % 8; word.size() < size;)
        word += static_cast<char>('a' + random() % 12);
      all.emplace(word, 1 + random() % 9);
    }
    words.assign(all.begin(), all.end());
    BpeTraining training;
    training.vocab_size = 40;
    EXPECT_EQ(pieces(counts_of(words), training), slow(words, 40, 2));
  }
}

TEST(BpeTrainer, CharactersAreLimited) {
  BpeTraining training;
  training.vocab_size = 100;
  training.most_characters = 2;
  // x, the rarest, goes; its neighbours meet.
  EXPECT_EQ(pieces(counts_of({{"axb", 3}, {"ab", 2}, {"a", 9}}), training),
            (std::vector<std::string>{"a", "b", "ab"}));
  training.most_characters = SIZE_MAX;
  training.vocab_size = 2;
  EXPECT_ERROR(pieces(counts_of({{"abc", 1}}), training), "2 pieces is too small");
}

TEST(BpeTrainer, PiecesInsideAWordHaveAPrefix) {
  BpeTraining training;
  training.vocab_size = 100;
  training.inside_prefix = "##";
  EXPECT_EQ(pieces(counts_of({{"aba", 3}, {"ba", 1}}), training),
            (std::vector<std::string>{"a", "b", "##a", "##b", "ab", "aba"}));
}

TEST(BpeTrainer, MergesAreTheLibrarys) {
  const Json cases = load_json(FRUGAL_SOURCE_DIR "/tests/cases/bpe/training.json")["cases"];
  ASSERT_GE(cases.size(), 8u);
  for (const Json& item : cases) {
    TokenizerTraining training;
    training.vocab_size = item["vocab_size"].get<int>();
    training.min_frequency = item["min_frequency"].get<uint64_t>();
    const auto trainer = make_tokenizer_trainer("bpe", training);
    for (const Json& line : item["lines"]) trainer->add(line.get<std::string>());
    const test::TempFolder folder;
    trainer->train(folder.path(), {});
    EXPECT_EQ(load_json(folder / "tokenizer.json")["model"]["merges"], item["merges"]);
  }
}

class TrainedFolder : public testing::Test {
 protected:
  std::shared_ptr<const Tokenizer> train(const std::string& kind, const TokenizerTraining& training) {
    const auto trainer = make_tokenizer_trainer(kind, training);
    for (const Json& text : load_json(FRUGAL_SOURCE_DIR "/tests/cases/bpe/texts.json"))
      trainer->add(text.get<std::string>());
    trainer->add("broken \xff bytes");
    EXPECT_GT(trainer->words(), 1000u);
    size_t last = 0;
    const size_t count = trainer->train(folder_.path(), [&](size_t so_far) {
      EXPECT_GE(so_far, last);
      last = so_far;
    });
    EXPECT_EQ(count, last);
    const auto tokenizer = load_tokenizer(folder_.path());
    EXPECT_EQ(tokenizer->vocab_size(), static_cast<int>(count));
    return tokenizer;
  }
  // The folder without tokenizer.json must say the same.
  void expect_same_without_json(const Tokenizer& tokenizer) {
    std::filesystem::remove(folder_ / "tokenizer.json");
    const auto other = load_tokenizer(folder_.path());
    for (const Json& text : load_json(FRUGAL_SOURCE_DIR "/tests/cases/bpe/texts.json")) {
      const Encoding a = tokenizer.encode(text.get<std::string>(), {.offsets = true}),
                     b = other->encode(text.get<std::string>(), {.offsets = true});
      EXPECT_EQ(a.ids, b.ids);
      EXPECT_EQ(a.offsets, b.offsets);
    }
    EXPECT_EQ(tokenizer.encode_pair("a", "b").ids, other->encode_pair("a", "b").ids);
  }

  test::TempFolder folder_;
};

TEST_F(TrainedFolder, Gpt2) {
  TokenizerTraining training;
  training.vocab_size = 1000;
  const auto tokenizer = train("bpe", training);
  EXPECT_EQ(tokenizer->vocab_size(), 1000);
  EXPECT_EQ(tokenizer->special_ids().eos, 0);
  EXPECT_EQ(tokenizer->encode("<|endoftext|>").ids, (std::vector<int32_t>{0}));
  expect_same_without_json(*tokenizer);
}

TEST_F(TrainedFolder, Roberta) {
  TokenizerTraining training;
  training.vocab_size = 600;
  training.roberta = training.prefix_space = true;
  const auto tokenizer = train("bpe", training);
  const auto ids = tokenizer->encode("the  <mask>").ids;
  EXPECT_EQ(ids.front(), 0);
  EXPECT_EQ(ids[ids.size() - 2], 4);
  EXPECT_EQ(ids.back(), 2);
  EXPECT_EQ(tokenizer->encode("the").ids, tokenizer->encode(" the").ids);
  expect_same_without_json(*tokenizer);
}

TEST_F(TrainedFolder, WordPiece) {
  TokenizerTraining training;
  training.vocab_size = 2000;
  training.most_characters = 200;
  const auto tokenizer = train("wordpiece", training);
  EXPECT_EQ(tokenizer->special_ids().mask, 4);
  EXPECT_EQ(tokenizer->encode("THE \u00c9").ids, tokenizer->encode("the e").ids);
  EXPECT_TRUE(tokenizer->id_of("the"));
  expect_same_without_json(*tokenizer);
}

TEST(TokenizerTrainer, UnknownKind) {
  EXPECT_ERROR(make_tokenizer_trainer("morse", {}), "no training of the kind \"morse\"");
  TokenizerTraining small;
  small.vocab_size = 100;
  const auto trainer = make_tokenizer_trainer("bpe", small);
  trainer->add("a b c");
  const test::TempFolder folder;
  EXPECT_ERROR(trainer->train(folder.path(), {}), "the characters alone are 257");
}

}  // namespace
}  // namespace frugal

#include "frugal/text/sentencepiece_trainer.h"

#include <gtest/gtest.h>

#include "frugal/io/file.h"
#include "frugal/io/testing.h"
#include "frugal/text/tokenizer.h"

namespace frugal {
namespace {

// Words of one, two and three syllables, the short ones often.
std::vector<std::string> lines() {
  const std::string syllables[] = {"ba", "ko", "lin", "tu", "mer", "sa"};
  std::vector<std::string> lines;
  for (size_t i = 0; i < 300; ++i) {
    std::string line;
    for (size_t k = 0; k < 8; ++k) {
      const size_t n = i * 31 + k * 17 + i * k;
      line += syllables[n % 6] + (n % 3 ? syllables[n / 6 % 6] : "") +
              (n % 7 ? " " : syllables[n / 36 % 6] + ", ");
    }
    lines.push_back(line);
  }
  return lines;
}

size_t train(const std::string& kind, int size, const std::string& folder,
             const std::vector<std::string>& lines) {
  TokenizerTraining training;
  training.vocab_size = size;
  const auto trainer = make_tokenizer_trainer(kind, training);
  for (const std::string& line : lines) trainer->add(line);
  return trainer->train(folder, {});
}

class SentencePieceTraining : public testing::TestWithParam<const char*> {};

TEST_P(SentencePieceTraining, WritesAFolderThatLoads) {
  const test::TempFolder folder, again;
  ASSERT_EQ(train(GetParam(), 60, folder.path(), lines()), 60u);
  const auto tokenizer = load_tokenizer(folder.path());
  EXPECT_EQ(tokenizer->vocab_size(), 60);
  const auto ids = tokenizer->encode("bako lin, sa", {.special_tokens = false}).ids;
  EXPECT_LT(ids.size(), 9u);  // no letters one by one
  EXPECT_EQ(tokenizer->decode(ids), "bako lin, sa");
  train(GetParam(), 60, again.path(), lines());
  EXPECT_EQ(read_file(folder / "spiece.model", 1 << 20), read_file(again / "spiece.model", 1 << 20));
}

TEST_P(SentencePieceTraining, SaysWhatIsWrong) {
  const test::TempFolder folder;
  EXPECT_NE(test::error_of([&] {
              train(GetParam(), 60, folder.path(), {"", " "});
            }).find("no text to train on"),
            std::string::npos);
  EXPECT_NE(test::error_of([&] {
              train(GetParam(), 6, folder.path(), lines());
            }).find("the sentencepiece library refuses: Vocabulary size is smaller than required_chars"),
            std::string::npos);
}

TEST_P(SentencePieceTraining, ASmallTextGivesFewerPieces) {
  const test::TempFolder folder;
  EXPECT_LT(train(GetParam(), 500, folder.path(), {"ab ab ab", "ab ba"}), 30u);
}

INSTANTIATE_TEST_SUITE_P(Kinds, SentencePieceTraining, testing::Values("unigram", "sentencepiece-bpe"),
                         [](const auto& info) { return std::string(info.param).substr(0, 7); });

TEST(SentencePieceTrainer, AnUnfinishedOneLeavesNothingBehind) {
  TokenizerTraining training;
  const auto trainer = make_tokenizer_trainer("unigram", training);
  for (const std::string& line : lines()) trainer->add(line);
}

}  // namespace
}  // namespace frugal

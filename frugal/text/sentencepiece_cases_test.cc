// What the sentencepiece library and the families' published code made of texts: tests/cases/sentencepiece.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "frugal/io/file.h"
#include "frugal/io/json.h"
#include "frugal/io/testing.h"
#include "frugal/text/tokenizer.h"

namespace frugal {
namespace {

const std::string kFolder = FRUGAL_SOURCE_DIR "/tests/cases/sentencepiece/";

// As the script has them: the edges, then every third text of the WordPiece cases.
std::vector<std::string> texts() {
  auto texts = load_json(kFolder + "edges.json").get<std::vector<std::string>>();
  const Json more = load_json(kFolder + "../wordpiece/texts.json");
  for (size_t i = 0; i < more.size(); i += 3) texts.push_back(more[i].get<std::string>());
  return texts;
}

class SentencePieceCases : public testing::TestWithParam<const char*> {
 protected:
  std::shared_ptr<const Tokenizer> tokenizer_ = load_tokenizer(kFolder + GetParam());
  std::vector<std::string> texts_ = texts();
  Json expected_ = load_json(kFolder + GetParam() + ".json");
};

TEST_P(SentencePieceCases, Ids) {
  ASSERT_EQ(expected_["ids"].size(), texts_.size());
  ASSERT_GT(texts_.size(), 100u);
  for (size_t i = 0; i < texts_.size(); ++i)
    EXPECT_EQ(tokenizer_->encode(texts_[i]).ids, expected_["ids"][i].get<std::vector<int32_t>>())
        << texts_[i];
}

TEST_P(SentencePieceCases, Offsets) {
  using Offsets = std::vector<std::pair<uint32_t, uint32_t>>;
  ASSERT_FALSE(expected_["offsets"].empty());
  for (size_t i = 0; i < expected_["offsets"].size(); ++i) {
    const Encoding encoding = tokenizer_->encode(texts_[i], {.offsets = true});
    EXPECT_EQ(encoding.ids, tokenizer_->encode(texts_[i]).ids) << texts_[i];
    EXPECT_EQ(encoding.offsets, expected_["offsets"][i].get<Offsets>()) << texts_[i];
  }
}

TEST_P(SentencePieceCases, Decoded) {
  ASSERT_FALSE(expected_["decoded"].empty());
  for (size_t i = 0; i < expected_["decoded"].size(); ++i)
    EXPECT_EQ(tokenizer_->decode(expected_["ids"][i].get<std::vector<int32_t>>()),
              expected_["decoded"][i].get<std::string>());
}

TEST_P(SentencePieceCases, ALimitGivesTheFirstTokens) {
  for (const std::string& text : texts_) {
    const auto whole = tokenizer_->encode(text, {.offsets = true});
    for (const int most : {1, 2, 3, 7, 20}) {
      const auto cut = tokenizer_->encode(text, {.max_length = most, .offsets = true});
      const auto size = std::min(whole.size(), static_cast<size_t>(most));
      ASSERT_EQ(cut.ids,
                std::vector<int32_t>(whole.ids.begin(), whole.ids.begin() + static_cast<ptrdiff_t>(size)));
      EXPECT_EQ(cut.truncated, size < whole.size());
      EXPECT_TRUE(std::equal(cut.offsets.begin(), cut.offsets.end(), whole.offsets.begin()));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Library, SentencePieceCases,
                         testing::Values("unigram", "unigram_bytes", "suffix", "bpe", "bpe_bytes",
                                         "bpe_across_words"),
                         [](const auto& info) { return std::string(info.param); });

// The unigram model as a family's: the same file, another tokenizer_config.json.
class Family : public test::TempFolder {
 public:
  explicit Family(const char* config) {
    std::filesystem::copy(kFolder + "unigram/spiece.model", *this / "spiece.model");
    write_file(*this / "tokenizer_config.json", config);
  }
};

void expect_published(const Tokenizer& tokenizer, const char* family) {
  const std::vector<std::string> all = texts();
  const Json expected = load_json(kFolder + "unigram.json")[family];
  ASSERT_EQ(expected.size(), all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    // The library alone knows no added tokens.
    if (all[i].find('<') != std::string::npos || all[i].find("[MASK]") != std::string::npos) continue;
    EXPECT_EQ(tokenizer.encode(all[i], {.special_tokens = false}).ids,
              expected[i].get<std::vector<int32_t>>())
        << all[i];
  }
}

TEST(SentencePieceFamilies, XlnetIsThePublishedCode) {
  const Family folder(R"({"tokenizer_class": "XLNetTokenizer"})");
  expect_published(*load_tokenizer(folder.path()), "xlnet");
}

TEST(SentencePieceFamilies, AlbertIsThePublishedCode) {
  const Family folder(R"({"tokenizer_class": "AlbertTokenizerFast"})");
  expect_published(*load_tokenizer(folder.path()), "albert");
}

TEST(SentencePieceFamilies, TokenizerJsonGivesTheIdsOfTheModelFile) {
  const auto tokenizer = load_tokenizer(kFolder + "xlnet_json");
  expect_published(*tokenizer, "xlnet");
  const Family folder(R"({"tokenizer_class": "XLNetTokenizer"})");
  const auto original = load_tokenizer(folder.path());
  EXPECT_EQ(tokenizer->vocab_size(), original->vocab_size());
  for (const std::string& text : texts()) {
    if (text.find("<eop>") != std::string::npos) continue;  // Transformers makes it a token of its own
    EXPECT_EQ(tokenizer->encode(text).ids, original->encode(text).ids) << text;
    EXPECT_EQ(tokenizer->encode_pair(text, "b").type_ids, original->encode_pair(text, "b").type_ids);
  }
}

TEST(SentencePieceFamilies, BpeOfTokenizerJsonMakesItsOwnMergesOnly) {
  const auto tokenizer = load_tokenizer(kFolder + "bpe_json");
  const Json cases = load_json(kFolder + "bpe_json.json");
  ASSERT_GT(cases["texts"].size(), 80u);
  for (size_t i = 0; i < cases["texts"].size(); ++i) {
    const auto text = cases["texts"][i].get<std::string>();
    EXPECT_EQ(tokenizer->encode(text).ids, cases["ids"][i].get<std::vector<int32_t>>()) << text;
  }
}

}  // namespace
}  // namespace frugal

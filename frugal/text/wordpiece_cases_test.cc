// What Hugging Face's `tokenizers` made of some hundred texts, see tests/cases/wordpiece/README.md.
#include <gtest/gtest.h>

#include "frugal/io/json.h"
#include "frugal/text/tokenizer.h"

namespace frugal {
namespace {

const std::string kFolder = FRUGAL_SOURCE_DIR "/tests/cases/wordpiece/";

class WordPieceCases : public testing::TestWithParam<const char*> {
 protected:
  std::shared_ptr<const Tokenizer> tokenizer_ = load_tokenizer(kFolder + GetParam());
  Json texts_ = load_json(kFolder + "texts.json");
  Json expected_ = load_json(kFolder + GetParam() + ".json");
};

TEST_P(WordPieceCases, Ids) {
  ASSERT_EQ(texts_.size(), expected_["ids"].size());
  ASSERT_GE(texts_.size(), 300u);
  for (size_t i = 0; i < texts_.size(); ++i) {
    const auto text = texts_[i].get<std::string>();
    EXPECT_EQ(tokenizer_->encode(text).ids, expected_["ids"][i].get<std::vector<int32_t>>()) << text;
  }
}

TEST_P(WordPieceCases, Offsets) {
  using Offsets = std::vector<std::pair<uint32_t, uint32_t>>;
  ASSERT_FALSE(expected_["offsets"].empty());
  for (const Json& item : expected_["offsets"]) {
    const auto text = texts_[item[0].get<size_t>()].get<std::string>();
    EXPECT_EQ(tokenizer_->encode(text, {.offsets = true}).offsets, item[1].get<Offsets>()) << text;
  }
}

TEST_P(WordPieceCases, Pairs) {
  ASSERT_FALSE(expected_["pairs"].empty());
  for (const Json& item : expected_["pairs"]) {
    const Encoding encoding =
        tokenizer_->encode_pair(item["first"].get<std::string>(), item["second"].get<std::string>(),
                                {.max_length = item["max_length"].get<int>()});
    EXPECT_EQ(encoding.ids, item["ids"].get<std::vector<int32_t>>()) << item;
    EXPECT_EQ(encoding.type_ids, item["types"].get<std::vector<int32_t>>()) << item;
  }
}

TEST_P(WordPieceCases, Decoded) {
  ASSERT_FALSE(expected_["decoded"].empty());
  for (const Json& item : expected_["decoded"])
    EXPECT_EQ(tokenizer_->decode(item["ids"].get<std::vector<int32_t>>(), item["skip"].get<bool>()),
              item["text"].get<std::string>());
}

INSTANTIATE_TEST_SUITE_P(Bert, WordPieceCases, testing::Values("uncased", "cased"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace frugal

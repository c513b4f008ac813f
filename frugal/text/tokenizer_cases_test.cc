// What Hugging Face's `tokenizers` made of some hundred texts, see the README.md of each folder in
// tests/cases.
#include <gtest/gtest.h>

#include "frugal/io/json.h"
#include "frugal/text/tokenizer.h"

namespace frugal {
namespace {

struct Case {
  const char *folder, *name;
  size_t least;  // texts with ids
  bool all;      // all texts have them
};

class TokenizerCases : public testing::TestWithParam<Case> {
 protected:
  std::string folder_ = std::string(FRUGAL_SOURCE_DIR "/tests/cases/") + GetParam().folder + "/";
  std::shared_ptr<const Tokenizer> tokenizer_ = load_tokenizer(folder_ + GetParam().name);
  Json texts_ = load_json(folder_ + "texts.json");
  Json expected_ = load_json(folder_ + GetParam().name + ".json");
};

TEST_P(TokenizerCases, Ids) {
  ASSERT_GE(expected_["ids"].size(), GetParam().least);
  if (GetParam().all) {
    ASSERT_EQ(texts_.size(), expected_["ids"].size());
  }
  for (size_t i = 0; i < expected_["ids"].size(); ++i) {
    const auto text = texts_[i].get<std::string>();
    EXPECT_EQ(tokenizer_->encode(text).ids, expected_["ids"][i].get<std::vector<int32_t>>()) << text;
    // Cut off early, the beginning is the same.
    const Encoding part = tokenizer_->encode(text, {.special_tokens = false, .max_length = 7});
    const Encoding whole = tokenizer_->encode(text, {.special_tokens = false});
    EXPECT_EQ(part.ids, std::vector<int32_t>(whole.ids.begin(),
                                             whole.ids.begin() + static_cast<ptrdiff_t>(part.size())));
    EXPECT_EQ(part.size(), std::min<size_t>(whole.size(), 7));
  }
}

TEST_P(TokenizerCases, Offsets) {
  using Offsets = std::vector<std::pair<uint32_t, uint32_t>>;
  ASSERT_FALSE(expected_["offsets"].empty());
  for (const Json& item : expected_["offsets"]) {
    const auto text = texts_[item[0].get<size_t>()].get<std::string>();
    EXPECT_EQ(tokenizer_->encode(text, {.offsets = true}).offsets, item[1].get<Offsets>()) << text;
  }
}

TEST_P(TokenizerCases, Pairs) {
  ASSERT_FALSE(expected_["pairs"].empty());
  for (const Json& item : expected_["pairs"]) {
    const Encoding encoding =
        tokenizer_->encode_pair(item["first"].get<std::string>(), item["second"].get<std::string>(),
                                {.max_length = item["max_length"].get<int>()});
    EXPECT_EQ(encoding.ids, item["ids"].get<std::vector<int32_t>>()) << item;
    EXPECT_EQ(encoding.type_ids, item["types"].get<std::vector<int32_t>>()) << item;
  }
}

TEST_P(TokenizerCases, Decoded) {
  ASSERT_FALSE(expected_["decoded"].empty());
  for (const Json& item : expected_["decoded"])
    EXPECT_EQ(tokenizer_->decode(item["ids"].get<std::vector<int32_t>>(), item["skip"].get<bool>()),
              item["text"].get<std::string>());
}

INSTANTIATE_TEST_SUITE_P(Reference, TokenizerCases,
                         testing::Values(Case{"wordpiece", "uncased", 300, true},
                                         Case{"wordpiece", "cased", 300, true},
                                         Case{"bpe", "gpt2", 30, false}, Case{"bpe", "roberta", 30, false},
                                         Case{"bpe", "roberta_prefix", 30, false},
                                         Case{"bpe", "llama3", 30, false}, Case{"bpe", "qwen2", 30, false}),
                         [](const auto& info) {
                           return std::string(info.param.folder) + "_" + info.param.name;
                         });

}  // namespace
}  // namespace frugal

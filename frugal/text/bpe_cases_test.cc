// What Hugging Face's `tokenizers` made of some texts, see tests/cases/bpe/README.md.
#include <gtest/gtest.h>

#include "frugal/io/json.h"
#include "frugal/text/tokenizer.h"

namespace frugal {
namespace {

const std::string kFolder = FRUGAL_SOURCE_DIR "/tests/cases/bpe/";

class BpeCases : public testing::TestWithParam<const char*> {
 protected:
  std::shared_ptr<const Tokenizer> tokenizer_ = load_tokenizer(kFolder + GetParam());
  Json texts_ = load_json(kFolder + "texts.json");
  Json expected_ = load_json(kFolder + GetParam() + ".json");
};

TEST_P(BpeCases, Ids) {
  ASSERT_GE(expected_["ids"].size(), 30u);
  for (size_t i = 0; i < expected_["ids"].size(); ++i) {
    const auto text = texts_[i].get<std::string>();
    const auto ids = expected_["ids"][i].get<std::vector<int32_t>>();
    EXPECT_EQ(tokenizer_->encode(text).ids, ids) << text;
    // Cut off early, the beginning is the same.
    const Encoding part = tokenizer_->encode(text, {.special_tokens = false, .max_length = 7});
    const Encoding whole = tokenizer_->encode(text, {.special_tokens = false});
    EXPECT_EQ(part.ids, std::vector<int32_t>(whole.ids.begin(),
                                             whole.ids.begin() + static_cast<ptrdiff_t>(part.size())));
    EXPECT_EQ(part.size(), std::min<size_t>(whole.size(), 7));
  }
}

TEST_P(BpeCases, Offsets) {
  using Offsets = std::vector<std::pair<uint32_t, uint32_t>>;
  ASSERT_FALSE(expected_["offsets"].empty());
  for (const Json& item : expected_["offsets"]) {
    const auto text = texts_[item[0].get<size_t>()].get<std::string>();
    EXPECT_EQ(tokenizer_->encode(text, {.offsets = true}).offsets, item[1].get<Offsets>()) << text;
  }
}

TEST_P(BpeCases, Pairs) {
  ASSERT_FALSE(expected_["pairs"].empty());
  for (const Json& item : expected_["pairs"]) {
    const Encoding encoding =
        tokenizer_->encode_pair(item["first"].get<std::string>(), item["second"].get<std::string>(),
                                {.max_length = item["max_length"].get<int>()});
    EXPECT_EQ(encoding.ids, item["ids"].get<std::vector<int32_t>>()) << item;
    EXPECT_EQ(encoding.type_ids, item["types"].get<std::vector<int32_t>>()) << item;
  }
}

TEST_P(BpeCases, Decoded) {
  ASSERT_FALSE(expected_["decoded"].empty());
  for (const Json& item : expected_["decoded"])
    EXPECT_EQ(tokenizer_->decode(item["ids"].get<std::vector<int32_t>>(), item["skip"].get<bool>()),
              item["text"].get<std::string>());
}

INSTANTIATE_TEST_SUITE_P(ByteLevel, BpeCases, testing::Values("gpt2", "roberta", "roberta_prefix"),
                         [](const auto& info) { return std::string(info.param); });

TEST(BpeTokenizer, DecodingGivesTheTextBack) {
  const auto tokenizer = load_tokenizer(kFolder + "gpt2");
  for (const Json& text : load_json(kFolder + "texts.json"))
    EXPECT_EQ(tokenizer->decode(tokenizer->encode(text.get<std::string>()).ids, false),
              text.get<std::string>());
}

TEST(BpeTokenizer, SpecialIds) {
  const auto gpt2 = load_tokenizer(kFolder + "gpt2");
  const int32_t end = gpt2->vocab_size() - 1;
  EXPECT_EQ(gpt2->piece_of(end), "<|endoftext|>");
  const SpecialIds& ids = gpt2->special_ids();
  EXPECT_EQ(ids.bos, end);
  EXPECT_EQ(ids.eos, end);
  EXPECT_EQ(ids.unk, end);
  for (const int32_t none : {ids.cls, ids.sep, ids.mask, ids.pad}) EXPECT_EQ(none, -1);
  EXPECT_EQ(gpt2->model_max_length(), 1024);

  const SpecialIds roberta = load_tokenizer(kFolder + "roberta")->special_ids();
  EXPECT_EQ(roberta.cls, 0);
  EXPECT_EQ(roberta.bos, 0);
  EXPECT_EQ(roberta.pad, 1);
  EXPECT_EQ(roberta.sep, 2);
  EXPECT_EQ(roberta.eos, 2);
  EXPECT_EQ(roberta.unk, 3);
  EXPECT_GT(roberta.mask, 2500);
}

// Broken bytes are U+FFFD, in the ids and, with the bytes they stood for, in the offsets.
TEST(BpeTokenizer, BrokenBytes) {
  const auto tokenizer = load_tokenizer(kFolder + "roberta");
  const Encoding broken =
      tokenizer->encode("ab \xff\xe4\xb8 c<mask>\xc3", {.special_tokens = false, .offsets = true});
  const Encoding repaired = tokenizer->encode("ab \ufffd\ufffd c<mask>\ufffd", {.special_tokens = false});
  EXPECT_EQ(broken.ids, repaired.ids);
  EXPECT_EQ(broken.offsets.front(), (std::pair<uint32_t, uint32_t>{0, 2}));
  EXPECT_EQ(broken.offsets.back(), (std::pair<uint32_t, uint32_t>{14, 15}));
  EXPECT_EQ(tokenizer->decode(broken.ids), "ab \ufffd\ufffd c\ufffd");
}

}  // namespace
}  // namespace frugal

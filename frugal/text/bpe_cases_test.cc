// Byte-level BPE with the folders of tests/cases/bpe. What the reference makes of their texts:
// tokenizer_cases_test.cc.
#include <gtest/gtest.h>

#include "frugal/io/json.h"
#include "frugal/text/tokenizer.h"

namespace frugal {
namespace {

const std::string kFolder = FRUGAL_SOURCE_DIR "/tests/cases/bpe/";

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

// The same where the text is composed too.
TEST(BpeTokenizer, BrokenBytesAmongMarks) {
  const auto tokenizer = load_tokenizer(kFolder + "qwen2");
  const Encoding broken = tokenizer->encode("\u4e2d\xff e\u0301\xcc", {.offsets = true});
  EXPECT_EQ(broken.ids, tokenizer->encode("\u4e2d\ufffd \u00e9\ufffd").ids);
  EXPECT_EQ(broken.offsets.back(), (std::pair<uint32_t, uint32_t>{8, 9}));
}

}  // namespace
}  // namespace frugal

#include "frugal/text/wordpiece.h"

#include <gtest/gtest.h>

#include "frugal/base/error.h"
#include "frugal/text/wordpiece_tokenizer.h"

namespace frugal {
namespace {

using Pieces = std::vector<std::string>;

WordPieceSpec spec(bool lower = true) {
  WordPieceSpec spec;
  spec.where = "test";
  spec.pieces = {"[PAD]",  "[UNK]",    "[CLS]",    "[SEP]",  "[MASK]",   "un",         "##aff",    "##able",
                 "aff",    "a",        "##a",      "b",      "##b",      "hello",      "Hello",    "cafe",
                 ",",      ".",        "\u4e2d",   "\u00e9", "x",        "##x",        "##xx",     "=",
                 "\u1112", "##\u1161", "##\u11ab", "i",      "##\u0307", "don",        "'",        "t",
                 "[",      "]",        "mask",     "Mask",   "MASK",     "\U0001f600", "caf\u00e9"};
  spec.rules.lower_case = lower;
  for (int32_t id = 0; id < 5; ++id) {
    AddedToken token;
    token.id = id;
    token.content = spec.pieces[static_cast<size_t>(id)];
    spec.added.push_back(token);
  }
  spec.around = Template::bert(2, 3);
  return spec;
}

Pieces pieces(const Tokenizer& tokenizer, std::string_view text) {
  EncodeOptions options;
  options.special_tokens = false;
  Pieces out;
  for (const int32_t id : tokenizer.encode(text, options).ids) out.emplace_back(tokenizer.piece_of(id));
  return out;
}

std::vector<Span> offsets(const Tokenizer& tokenizer, std::string_view text) {
  return tokenizer.encode(text, {.special_tokens = false, .offsets = true}).offsets;
}

class Uncased : public testing::Test {
 protected:
  WordPieceTokenizer tokenizer_{spec()};
  Pieces operator()(std::string_view text) const { return pieces(tokenizer_, text); }
};
class Cased : public testing::Test {
 protected:
  WordPieceTokenizer tokenizer_{spec(false)};
  Pieces operator()(std::string_view text) const { return pieces(tokenizer_, text); }
};

TEST_F(Uncased, LongestPieceFirst) {
  EXPECT_EQ((*this)("unaffable"), (Pieces{"un", "##aff", "##able"}));
  EXPECT_EQ((*this)("xxx"), (Pieces{"x", "##xx"}));
}

TEST_F(Uncased, AWordIsUnknownAsAWhole) {
  EXPECT_EQ((*this)("unaffz a"), (Pieces{"[UNK]", "a"}));
  EXPECT_EQ((*this)("able"), Pieces{"[UNK]"});  // only inside a word
}

TEST_F(Uncased, CaseAndAccentsGo) {
  EXPECT_EQ((*this)("HELLO Caf\u00e9 cafe\u0301"), (Pieces{"hello", "cafe", "cafe"}));
  EXPECT_EQ((*this)("\u0130"), Pieces{"i"});
}

TEST_F(Cased, CaseAndAccentsStay) {
  EXPECT_EQ((*this)("Hello hello HELLO"), (Pieces{"Hello", "hello", "[UNK]"}));
  EXPECT_EQ((*this)("caf\u00e9 cafe\u0301 \u00e9"), (Pieces{"caf\u00e9", "[UNK]", "\u00e9"}));
}

TEST(WordPieceRules, AccentsFollowCaseUnlessTold) {
  WordPieceSpec keep = spec(), strip = spec(false);
  keep.rules.strip_accents = false;
  strip.rules.strip_accents = true;
  EXPECT_EQ(pieces(WordPieceTokenizer(keep), "CAF\u00c9 \u0130"), (Pieces{"caf\u00e9", "i", "##\u0307"}));
  EXPECT_EQ(pieces(WordPieceTokenizer(strip), "caf\u00e9 Hello"), (Pieces{"cafe", "Hello"}));
}

TEST_F(Uncased, PunctuationStandsAlone) {
  EXPECT_EQ((*this)("don't,a."), (Pieces{"don", "'", "t", ",", "a", "."}));
  EXPECT_EQ((*this)("a\u2260b"), (Pieces{"a", "=", "b"}));  // = with a stroke: the stroke is an accent
}

TEST_F(Uncased, ChineseCharactersStandAlone) {
  EXPECT_EQ((*this)("a\u4e2d\u4e2db"), (Pieces{"a", "\u4e2d", "\u4e2d", "b"}));
}

TEST(WordPieceRules, ChineseCharactersTogetherIfTold) {
  WordPieceSpec together = spec();
  together.rules.chinese_chars = false;
  EXPECT_EQ(pieces(WordPieceTokenizer(together), "\u4e2d\u4e2d \u4e2d"), (Pieces{"[UNK]", "\u4e2d"}));
}

TEST_F(Uncased, HangulFallsIntoLetters) {
  EXPECT_EQ((*this)("\ud55c"), (Pieces{"\u1112", "##\u1161", "##\u11ab"}));
  EXPECT_EQ(offsets(tokenizer_, "\ud55c"), (std::vector<Span>{{0, 3}, {0, 3}, {0, 3}}));
}

TEST_F(Uncased, ControlsAndBlanks) {
  EXPECT_EQ((*this)(std::string_view("a\0b a\u200bb a\u00adb a\ufffdb", 20)),
            (Pieces{"a", "##b", "a", "##b", "a", "##b", "a", "##b"}));
  EXPECT_EQ((*this)("a\tb\nb\r\u00a0b\u3000b\u2028b"), (Pieces{"a", "b", "b", "b", "b", "b"}));
  EXPECT_EQ((*this)("a\vb"), (Pieces{"a", "##b"}));  // clean_text takes a vertical tab for a control
}

TEST_F(Uncased, EmptyAndBlankTexts) {
  EXPECT_EQ((*this)(""), Pieces{});
  EXPECT_EQ((*this)(" \t\n \u3000"), Pieces{});
  EXPECT_EQ((*this)("\u0301\u0301"), Pieces{});
  EXPECT_EQ(tokenizer_.encode("").ids, (std::vector<int32_t>{2, 3}));
}

TEST_F(Uncased, Emoji) {
  EXPECT_EQ((*this)("\U0001f600 \U0001f600\U0001f600"), (Pieces{"\U0001f600", "[UNK]"}));
  EXPECT_EQ((*this)("\U0001f600\ufe0f"), Pieces{"\U0001f600"});  // the variation selector is a mark
}

TEST_F(Uncased, InvalidUtf8ReadsAsNothing) {
  EXPECT_EQ((*this)("a\xff"
                    "b \xe4\xb8 \xed\xa0\x80"),
            (Pieces{"a", "##b"}));
  EXPECT_EQ(offsets(tokenizer_,
                    "\xff"
                    "a\xff b"),
            (std::vector<Span>{{1, 2}, {4, 5}}));
}

TEST(WordPieceRules, InvalidUtf8WithoutCleaningIsUnknown) {
  WordPieceSpec raw = spec();
  raw.rules.clean_text = false;
  EXPECT_EQ(pieces(WordPieceTokenizer(raw), "a \xff b"), (Pieces{"a", "[UNK]", "b"}));
}

TEST_F(Uncased, LongWords) {
  EXPECT_EQ((*this)(std::string(100, 'a')).size(), 100u);
  EXPECT_EQ((*this)(std::string(101, 'a')), Pieces{"[UNK]"});
  EXPECT_EQ(offsets(tokenizer_, "b " + std::string(101, 'a')), (std::vector<Span>{{0, 1}, {2, 103}}));
  std::string accented;  // characters count after decomposition, so accents do not
  for (int i = 0; i < 100; ++i) accented += "\u00e1";
  EXPECT_EQ((*this)(accented).size(), 100u);
}

TEST_F(Uncased, SpecialTokensInTheText) {
  EXPECT_EQ((*this)("a [MASK] b[MASK]b"), (Pieces{"a", "[MASK]", "b", "[MASK]", "b"}));
  EXPECT_EQ((*this)("[mask]"), (Pieces{"[", "mask", "]"}));
  EXPECT_EQ((*this)("[[MASK]]"), (Pieces{"[", "[MASK]", "]"}));
  EXPECT_EQ(offsets(tokenizer_, "a [MASK]"), (std::vector<Span>{{0, 1}, {2, 8}}));
}

TEST_F(Uncased, OffsetsAreBytesOfTheOriginal) {
  EXPECT_EQ(offsets(tokenizer_, "\u00c9 unAFFable,caf\u00e9"),
            (std::vector<Span>{{0, 2}, {3, 5}, {5, 8}, {8, 12}, {12, 13}, {13, 18}}));
  EXPECT_EQ(offsets(tokenizer_, "a\u200bb"), (std::vector<Span>{{0, 1}, {4, 5}}));
  const Encoding with_template = tokenizer_.encode("a", {.offsets = true});
  EXPECT_EQ(with_template.offsets, (std::vector<Span>{{0, 0}, {0, 1}, {0, 0}}));
}

TEST_F(Uncased, DecodePutsTogetherAndTidiesUp) {
  const auto decode = [&](std::string_view text, bool skip) {
    return tokenizer_.decode(tokenizer_.encode(text).ids, skip);
  };
  EXPECT_EQ(decode("Unaffable, a.", true), "unaffable, a.");
  EXPECT_EQ(decode("a [MASK]", false), "[CLS] a [MASK] [SEP]");
  EXPECT_EQ(decode("a [MASK]", true), "a");
  const int32_t bad[] = {99};
  EXPECT_THROW(tokenizer_.decode(bad), Error);
  EXPECT_THROW(tokenizer_.piece_of(-1), Error);
}

TEST_F(Uncased, Lookup) {
  EXPECT_EQ(tokenizer_.vocab_size(), 39);
  EXPECT_EQ(tokenizer_.id_of("##able"), 7);
  EXPECT_EQ(tokenizer_.id_of("able"), std::nullopt);
  EXPECT_EQ(tokenizer_.id_of(""), std::nullopt);
  const SpecialIds& ids = tokenizer_.special_ids();
  EXPECT_EQ((std::vector{ids.pad, ids.unk, ids.cls, ids.sep, ids.mask}),
            (std::vector<int32_t>{0, 1, 2, 3, 4}));
}

AddedToken added(int32_t id, const char* content, bool normalized) {
  AddedToken token;
  token.id = id;
  token.content = content;
  token.special = false;
  token.normalized = normalized;
  return token;
}

TEST(WordPieceAdded, ContinuesTheIds) {
  WordPieceSpec more = spec();
  more.added.push_back(added(39, "NEW", false));
  more.added.push_back(added(40, "Z\u00e9z\u00e9", true));
  const WordPieceTokenizer tokenizer(more);
  EXPECT_EQ(tokenizer.vocab_size(), 41);
  EXPECT_EQ(tokenizer.id_of("NEW"), 39);
  EXPECT_EQ(pieces(tokenizer, "aNEWb new zez\u00c9a"),
            (Pieces{"a", "NEW", "b", "[UNK]", "Z\u00e9z\u00e9", "a"}));
  EXPECT_EQ(offsets(tokenizer, "b zez\u00c9a"), (std::vector<Span>{{0, 1}, {2, 7}, {7, 8}}));
}

TEST(WordPieceAdded, WordsAndBlanks) {
  WordPieceSpec more = spec();
  more.added.push_back(added(39, "word", false));
  more.added.back().single_word = true;
  more.added.push_back(added(40, "<x>", false));
  more.added.back().left_strip = more.added.back().right_strip = true;
  const WordPieceTokenizer tokenizer(more);
  EXPECT_EQ(pieces(tokenizer, "word,word words sword"), (Pieces{"word", ",", "word", "[UNK]", "[UNK]"}));
  EXPECT_EQ(offsets(tokenizer, "a \u3000<x> b"), (std::vector<Span>{{0, 1}, {1, 9}, {9, 10}}));
}

TEST(WordPieceAdded, IdsMustFit) {
  WordPieceSpec gap = spec(), wrong = spec();
  gap.added.push_back(added(40, "NEW", false));
  wrong.added.push_back(added(5, "hello", false));
  EXPECT_THROW(WordPieceTokenizer{gap}, Error);
  EXPECT_THROW(WordPieceTokenizer{wrong}, Error);
}

TEST(WordPieceRules, BadSpecs) {
  WordPieceSpec no_unknown = spec(), outside = spec();
  no_unknown.pieces[1] = "other";
  no_unknown.added.clear();
  outside.around = Template::bert(2, 39);
  EXPECT_THROW(WordPieceTokenizer{no_unknown}, Error);
  EXPECT_THROW(WordPieceTokenizer{outside}, Error);
}

}  // namespace
}  // namespace frugal

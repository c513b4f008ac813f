#include "frugal/text/sentencepiece_normalizer.h"

#include <gtest/gtest.h>

namespace frugal {
namespace {

using At = SentencePieceNormalizer::At;

struct Normalized {
  std::string text;
  std::vector<uint32_t> origins;
  bool operator==(const Normalized&) const = default;
};

// With spaces for the marks, to be readable.
Normalized normalized(std::string_view text, const SentencePieceRules& rules, At at = At::start,
                      std::vector<std::string_view> kept = {}) {
  const SentencePieceNormalizer normalizer(rules, kept, "m");
  Normalized with, without;
  normalizer.normalize(text, at, with.text, &with.origins);
  normalizer.normalize(text, at, without.text, nullptr);
  EXPECT_EQ(with.text, without.text);
  EXPECT_EQ(with.origins.size(), with.text.size() + 1);
  std::string plain;
  std::vector<uint32_t> origins;
  for (size_t i = 0; i < with.text.size(); ++i) {
    const bool is_mark = with.text.compare(i, kBlankMark.size(), kBlankMark) == 0;
    plain += is_mark ? ' ' : with.text[i];
    origins.push_back(with.origins[i]);
    if (is_mark) i += kBlankMark.size() - 1;
  }
  origins.push_back(with.origins.back());
  return {plain, origins};
}

TEST(SentencePieceNormalizer, CollapsesBlanksAndPutsOneBefore) {
  const SentencePieceRules rules;
  EXPECT_EQ(normalized("  ab  c ", rules), (Normalized{" ab c", {2, 2, 3, 4, 6, 7}}));
  EXPECT_EQ(normalized("", rules), (Normalized{"", {0}}));
  EXPECT_EQ(normalized("   ", rules), (Normalized{"", {3}}));
  EXPECT_EQ(normalized("a\u2581", rules).text, " a");  // a mark at the end counts as a blank
}

TEST(SentencePieceNormalizer, AfterATokenBlanksStayAsTheyAreWritten) {
  const SentencePieceRules rules;
  EXPECT_EQ(normalized("ab", rules, At::middle).text, "ab");
  EXPECT_EQ(normalized("  ab ", rules, At::middle).text, " ab");
}

TEST(SentencePieceNormalizer, FollowsEachRule) {
  SentencePieceRules rules;
  rules.remove_extra_blanks = false;
  EXPECT_EQ(normalized(" a  b ", rules), (Normalized{"  a  b ", {0, 0, 1, 2, 3, 4, 5, 6}}));
  rules.dummy_prefix = false;
  EXPECT_EQ(normalized(" a", rules).text, " a");
  rules = {};
  rules.blank_suffix = true;
  EXPECT_EQ(normalized(" a b ", rules), (Normalized{"a b ", {1, 2, 3, 4, 4}}));
  rules = {};
  rules.escape_blanks = false;
  std::string text;
  SentencePieceNormalizer(rules, {}, "m").normalize("a  b", At::start, text, nullptr);
  EXPECT_EQ(text, " a b");
}

TEST(SentencePieceNormalizer, BrokenBytesAreReplacedOneByOne) {
  EXPECT_EQ(normalized("a\xff\xe2\x96z", {}),
            (Normalized{" a\ufffd\ufffd\ufffdz", {0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 5}}));
}

TEST(SentencePieceNormalizer, KeptPiecesEscapeTheRules) {
  SentencePieceRules rules;
  EXPECT_EQ(normalized("a  b", rules, At::start, {"  "}).text, " a  b");
  const Normalized kept = normalized("x ab ", rules, At::start, {"b ", "\u00e9"});
  EXPECT_EQ(kept.text, " x ab");
}

}  // namespace
}  // namespace frugal

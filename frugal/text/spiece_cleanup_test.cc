#include "frugal/text/spiece_cleanup.h"

#include <gtest/gtest.h>

#include "frugal/text/python_unicode.h"

namespace frugal {
namespace {

std::string cleaned(std::string_view text, const CleanupRules& rules) {
  std::string out, with_origins;
  std::vector<uint32_t> origins;
  clean_up(text, rules, out, nullptr);
  clean_up(text, rules, with_origins, &origins);
  EXPECT_EQ(out, with_origins);
  EXPECT_EQ(origins.size(), out.size() + 1);
  for (size_t i = 1; i < origins.size(); ++i) EXPECT_LE(origins[i - 1], origins[i]);
  EXPECT_LE(origins.back(), text.size());
  return out;
}

TEST(Cleanup, BlanksAreCollapsedAsByPython) {
  const CleanupRules rules{.collapse_blanks = true};
  EXPECT_EQ(cleaned("  a \t b\u00a0\u3000c\x1c"
                    "d\u2028\u0085 e  ",
                    rules),
            "a b c d e");
  EXPECT_EQ(cleaned(" \n ", rules), "");
  EXPECT_EQ(cleaned("", rules), "");
  EXPECT_EQ(cleaned("a\u200bb", rules), "a\u200bb");  // of no width, no blank
}

TEST(Cleanup, PairsOfQuotesBecomeOne) {
  const CleanupRules rules{.quotes = true};
  EXPECT_EQ(cleaned("``a'' '''b` ```", rules), "\"a\" \"'b` \"`");
  EXPECT_EQ(cleaned("`'", rules), "`'");
}

TEST(Cleanup, AccentsGo) {
  const CleanupRules rules{.strip_accents = true};
  EXPECT_EQ(cleaned("fals\u00e9 e\u0301\u0316 \ufb01 \u00bd \uff21 \ufdfa", rules),
            "false e fi 1\u20442 A \u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644\u064a\u0647 "
            "\u0648\u0633\u0644\u0645");
  EXPECT_EQ(cleaned("\ud55c", rules), "\u1112\u1161\u11ab");
  EXPECT_EQ(cleaned("a\xff\xe2\x82z", rules), "a\ufffd\ufffdz");
}

TEST(Cleanup, LowerCaseKnowsTheFinalSigma) {
  const CleanupRules rules{.lower_case = true};
  EXPECT_EQ(cleaned("ABC \u00c9 \u0130", rules), "abc \u00e9 i\u0307");
  EXPECT_EQ(
      cleaned("\u03a3\u039f\u03a3 \u03a3 A\u03a3. A\u03a3.b \u0391'\u03a3 1\u03a3 A\u03a3\u0301", rules),
      "\u03c3\u03bf\u03c2 \u03c3 a\u03c2. a\u03c3.b \u03b1'\u03c2 1\u03c3 a\u03c2\u0301");
  EXPECT_EQ(cleaned("\u03a3\u03a3\u03a3", rules), "\u03c3\u03c3\u03c2");
}

TEST(Cleanup, OriginsAreWhereCharactersStart) {
  std::string out;
  std::vector<uint32_t> origins;
  clean_up("  \u00e9 ''\u00bd\u0301 ", {true, true, true, true}, out, &origins);
  EXPECT_EQ(out, "e \"1\u20442");
  EXPECT_EQ(origins, (std::vector<uint32_t>{2, 4, 5, 7, 7, 7, 7, 7, 11}));
}

TEST(Cleanup, FindsDigitsBeforeAComma) {
  EXPECT_TRUE(ends_in_digit_and_comma("2000,"));
  EXPECT_TRUE(ends_in_digit_and_comma("a\u0663,"));
  EXPECT_TRUE(ends_in_digit_and_comma("\u00b2,"));
  EXPECT_TRUE(ends_in_digit_and_comma("\u1369,"));
  EXPECT_FALSE(ends_in_digit_and_comma(","));
  EXPECT_FALSE(ends_in_digit_and_comma("a,"));
  EXPECT_FALSE(ends_in_digit_and_comma("2,a"));
  EXPECT_FALSE(ends_in_digit_and_comma("\u00bd,"));
}

}  // namespace
}  // namespace frugal

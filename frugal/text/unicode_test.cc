#include "frugal/text/unicode.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "frugal/text/utf8.h"

namespace frugal {
namespace {

std::u32string read_all(std::string_view text) {
  std::u32string out;
  const char* end = text.data() + text.size();
  for (const char* at = text.data(); at != end;) {
    const Utf8Char c = read_utf8(at, end);
    out += c.code;
    at += c.size;
  }
  return out;
}

TEST(Utf8, EveryCodePointThereAndBack) {
  for (char32_t code = 0; code < 0x110000; ++code) {
    if (code >= 0xd800 && code < 0xe000) continue;
    std::string text;
    append_utf8(text, code);
    const Utf8Char c = read_utf8(text.data(), text.data() + text.size());
    ASSERT_EQ(c.code, code);
    ASSERT_EQ(c.size, text.size());
    ASSERT_TRUE(c.valid);
  }
}

// What Python's bytes.decode("utf-8", "replace") gives.
TEST(Utf8, BrokenBytesBecomeReplacements) {
  EXPECT_EQ(read_all("a\x80z"), U"a\ufffdz");
  EXPECT_EQ(read_all("\xc0\xaf"), U"\ufffd\ufffd");            // over-long
  EXPECT_EQ(read_all("\xe0\x80\x80"), U"\ufffd\ufffd\ufffd");  // over-long
  EXPECT_EQ(read_all("\xed\xa0\x80"), U"\ufffd\ufffd\ufffd");  // a surrogate
  EXPECT_EQ(read_all("\xe4\xb8"), U"\ufffd");                  // cut off: one for the whole start
  EXPECT_EQ(read_all("\xe4\xb8z"), U"\ufffdz");
  EXPECT_EQ(read_all("\xf0\x9f\x98\xe4\xb8\xad"), U"\ufffd\u4e2d");
  EXPECT_EQ(read_all("\xf4\x90\x80\x80"), U"\ufffd\ufffd\ufffd\ufffd");  // beyond U+10FFFF
  EXPECT_EQ(read_all("\xff"), U"\ufffd");
  EXPECT_FALSE(is_utf8("a\xe4\xb8"));
  EXPECT_TRUE(is_utf8("a\xe4\xb8\xad"));
}

// Where the tables behind `tokenizers` and today's Unicode part company.
TEST(Unicode, IsThatOfTheLibrary) {
  EXPECT_TRUE(contains(punctuation_ranges(), 0x166d));  // a symbol since Unicode 12
  EXPECT_FALSE(contains(punctuation_ranges(), 0x61d));  // new in Unicode 14
  EXPECT_TRUE(contains(punctuation_ranges(), '$'));     // all of ASCII that is no letter or digit
  EXPECT_TRUE(contains(mark_ranges(), 0x1734));         // spacing since Unicode 14
  EXPECT_FALSE(contains(mark_ranges(), 0x1dfb));        // new in Unicode 9
  EXPECT_FALSE(contains(control_ranges(), 0x8e2));      // new in Unicode 9
  EXPECT_TRUE(contains(control_ranges(), 0x200b));
  EXPECT_FALSE(contains(chinese_ranges(), 0x2b820));  // extension E from 2B920 on
  EXPECT_TRUE(contains(chinese_ranges(), 0x2b920));
  EXPECT_EQ(canonical_decomposition(0x11938).count, 1);  // decomposes since Unicode 13
  EXPECT_EQ(combining_class(0x302e), 224);
  EXPECT_EQ(combining_class(0x898), 0);  // 230 since Unicode 14
}

TEST(Unicode, LowerCase) {
  const auto lower = [](char32_t code) {
    const CodePoints out = lower_case(code);
    return std::u32string(out.begin(), out.end());
  };
  EXPECT_EQ(lower('A'), U"a");
  EXPECT_EQ(lower(0x3a3), U"\u03c3");
  EXPECT_EQ(lower(0x130), U"i\u0307");
  EXPECT_EQ(lower(0x1e9e), U"\u00df");
  EXPECT_EQ(lower(0xa7cb), U"\u0264");       // Unicode 16
  EXPECT_EQ(lower(0x16ea0), U"\U00016ebb");  // Unicode 17
  EXPECT_EQ(lower(0x10d65), U"\U00010d85");
  EXPECT_EQ(lower('1'), U"1");
}

TEST(Unicode, Decomposition) {
  const auto parts = [](char32_t code) {
    const CodePoints out = canonical_decomposition(code);
    return std::u32string(out.begin(), out.end());
  };
  EXPECT_EQ(parts(0xe9), U"e\u0301");
  EXPECT_EQ(parts(0x1fa7), U"\u03c9\u0314\u0342\u0345");  // four, the most
  EXPECT_EQ(parts(0xd55c), U"\u1112\u1161\u11ab");
  EXPECT_EQ(parts(0xfb01), U"\ufb01");  // a ligature is no canonical composite
}

}  // namespace
}  // namespace frugal

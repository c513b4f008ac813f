#include "frugal/text/byte_level_splitter.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "frugal/text/unicode.h"

namespace frugal {
namespace {

using Words = std::vector<std::string>;

// most_digits 0: by GPT-2's pattern.
Words split(std::string_view text, int most_digits = 0) {
  Words words;
  static const CharClasses classes;
  const auto keep = [&](std::string_view word) {
    words.emplace_back(word);
    return true;
  };
  EXPECT_EQ(most_digits > 0 ? split_gpt4(text, classes, most_digits, keep) : split_gpt2(text, classes, keep),
            ByteLevelSplit::done);
  return words;
}

TEST(CharClasses, EveryCodePoint) {
  const CharClasses classes;
  int letters = 0, numbers = 0;
  for (char32_t code = 0; code < 0x110000; ++code) {
    const CharClass expected = contains(letter_ranges(), code)   ? CharClass::letter
                               : contains(number_ranges(), code) ? CharClass::number
                               : contains(space_ranges(), code)  ? CharClass::space
                                                                 : CharClass::other;
    ASSERT_EQ(classes[code], expected) << static_cast<uint32_t>(code);
    if (code < 128) {
      ASSERT_EQ(classes.ascii(static_cast<uint8_t>(code)), expected);
    }
    letters += expected == CharClass::letter;
    numbers += expected == CharClass::number;
  }
  EXPECT_EQ(letters, 141028);  // what the library's pattern takes for \p{L} and \p{N}
  EXPECT_EQ(numbers, 1911);
}

TEST(ByteLevelSplitter, Words) {
  EXPECT_EQ(split("Hello world, it's 10 o'clock"),
            (Words{"Hello", " world", ",", " it", "'s", " 10", " o", "'", "clock"}));
  EXPECT_EQ(split(""), Words{});
  EXPECT_EQ(split("we'll they've you're I'm he'd don't"),
            (Words{"we", "'ll", " they", "'ve", " you", "'re", " I", "'m", " he", "'d", " don", "'t"}));
  EXPECT_EQ(split("'S'l'v"), (Words{"'", "S", "'", "l", "'", "v"}));
  EXPECT_EQ(split(" 's"), (Words{" '", "s"}));  // a blank before the apostrophe: no short form
  EXPECT_EQ(split("a1\u00bd?!b"), (Words{"a", "1\u00bd", "?!", "b"}));
  EXPECT_EQ(split("e\u0301"), (Words{"e", "\u0301"}));  // a mark is no letter
}

TEST(ByteLevelSplitter, Blanks) {
  EXPECT_EQ(split("a  b"), (Words{"a", " ", " b"}));
  EXPECT_EQ(split("a   "), (Words{"a", "   "}));
  EXPECT_EQ(split("a\nb"), (Words{"a", "\n", "b"}));
  EXPECT_EQ(split("a\n\nb"), (Words{"a", "\n", "\n", "b"}));
  EXPECT_EQ(split("a \nb"), (Words{"a", " ", "\n", "b"}));
  EXPECT_EQ(split("a\n b"), (Words{"a", "\n", " b"}));
  EXPECT_EQ(split("a\u3000\u3000b"), (Words{"a", "\u3000", "\u3000", "b"}));
  EXPECT_EQ(split("  "), (Words{"  "}));
}

TEST(ByteLevelSplitter, WordsOfGpt4) {
  EXPECT_EQ(split("It'S (them) 'hello' 12345 a+b", 3),
            (Words{"It", "'S", " (", "them", ")", " '", "hello", "'", " ", "123", "45", " a", "+b"}));
  EXPECT_EQ(split("12", 1), (Words{"1", "2"}));
  EXPECT_EQ(split("x'\u017fy 'LLama", 3), (Words{"x", "'\u017f", "y", " '", "LLama"}));
  EXPECT_EQ(split("a!\r\n\nb \n  c\n\td  ", 3),
            (Words{"a", "!\r\n\n", "b", " \n", " ", " c", "\n", "\td", "  "}));
}

TEST(ByteLevelSplitter, BrokenBytes) {
  const CharClasses classes;
  const auto any = [](std::string_view) { return true; };
  for (const char* text : {"\x80", "a\xff", "ab \xc3", "\xe4\xb8", "'s\xf0\x9f"}) {
    EXPECT_EQ(split_gpt2(text, classes, any), ByteLevelSplit::broken);
    EXPECT_EQ(split_gpt4(text, classes, 3, any), ByteLevelSplit::broken);
  }
}

TEST(ByteLevelSplitter, Stops) {
  int words = 0;
  EXPECT_EQ(split_gpt2("a b c", CharClasses(), [&](std::string_view) { return ++words < 2; }),
            ByteLevelSplit::stopped);
  EXPECT_EQ(words, 2);
}

// The pattern as it is written: its alternatives in order, each by the rules of a backtracking matcher.
class Slow {
 public:
  Slow(std::u32string text, int most_digits) : text_(std::move(text)), most_digits_(most_digits) {}

  std::vector<size_t> ends() const {
    std::vector<size_t> all;
    for (size_t at = 0; at < text_.size(); at = all.back())
      all.push_back(most_digits_ > 0 ? next_gpt4(at) : next(at));
    return all;
  }

 private:
  size_t next(size_t at) const {
    for (const std::u32string form : {U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"})
      if (text_.compare(at, form.size(), form) == 0) return at + form.size();
    for (const CharClass kind : {CharClass::letter, CharClass::number, CharClass::other})
      for (const size_t skip : {1, 0}) {  // " ?" takes the blank if it can
        if (skip == 1 && text_[at] != ' ') continue;
        if (const size_t end = run(at + skip, kind); end > at + skip) return end;
      }
    return blanks(at, run(at, CharClass::space));
  }
  size_t next_gpt4(size_t at) const {
    const auto lower = [&](size_t i) {
      const char32_t code = i < text_.size() ? text_[i] : U'\0';
      return code == 0x17f ? U's' : code >= 'A' && code <= 'Z' ? code + 32 : code;
    };
    for (const std::u32string form : {U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"}) {
      bool same = true;
      for (size_t i = 0; i < form.size(); ++i) same &= lower(at + i) == form[i];
      if (same) return at + form.size();
    }
    const auto ends_line = [&](size_t i) { return text_[i] == '\r' || text_[i] == '\n'; };
    const CharClass kind = kind_of(text_[at]);
    const bool skips = kind != CharClass::letter && kind != CharClass::number && !ends_line(at);
    for (const size_t skip : {1, 0})
      if (skip == 0 || skips)
        if (const size_t end = run(at + skip, CharClass::letter); end > at + skip) return end;
    if (const size_t end = run(at, CharClass::number); end > at)
      return std::min(end, at + static_cast<size_t>(most_digits_));
    for (const size_t skip : {1, 0})
      if (skip == 0 || text_[at] == ' ')
        if (size_t end = run(at + skip, CharClass::other); end > at + skip) {
          while (end < text_.size() && ends_line(end)) ++end;
          return end;
        }
    const size_t end = run(at, CharClass::space);
    for (size_t shorter = end; shorter > at; --shorter)  // \s*[\r\n]+
      if (ends_line(shorter - 1)) return shorter;
    return blanks(at, end);
  }
  // \s+(?!\S) gives characters back.
  size_t blanks(size_t at, size_t end) const {
    for (size_t shorter = end; shorter > at; --shorter)
      if (shorter == text_.size() || kind_of(text_[shorter]) == CharClass::space) return shorter;
    return end;
  }
  size_t run(size_t at, CharClass kind) const {
    while (at < text_.size() && kind_of(text_[at]) == kind) ++at;
    return at;
  }
  static CharClass kind_of(char32_t code) {
    return contains(letter_ranges(), code)   ? CharClass::letter
           : contains(number_ranges(), code) ? CharClass::number
           : contains(space_ranges(), code)  ? CharClass::space
                                             : CharClass::other;
  }

  std::u32string text_;
  int most_digits_;
};

TEST(ByteLevelSplitter, AgreesWithThePatternsOnRandomTexts) {
  constexpr char32_t kChars[] = {' ', ' ', ' ',  '\n', '\t', 0x3000,  0xa0, '\'', '\'',  's',    't',
                                 'r', 'e', 'v',  'l',  'm',  'd',     'S',  '1',  0xbd,  0x4e2d, 0x301,
                                 '!', '?', 0xe9, 'a',  'b',  0x1f600, '\r', 'L',  0x17f, '2'};
  std::mt19937 random(3);
  for (int round = 0; round < 20000; ++round) {
    std::u32string codes;
    for (size_t size = random() % 12; codes.size() < size;) codes += kChars[random() % std::size(kChars)];
    std::vector<size_t> bytes{0};  // where each character ends
    std::string text;
    for (const char32_t code : codes) {
      append_utf8(text, code);
      bytes.push_back(text.size());
    }
    for (const int most_digits : {0, 1, 3}) {
      Words expected;
      size_t begin = 0;
      for (const size_t end : Slow(codes, most_digits).ends()) {
        expected.push_back(text.substr(bytes[begin], bytes[end] - bytes[begin]));
        begin = end;
      }
      ASSERT_EQ(split(text, most_digits), expected) << testing::PrintToString(text);
    }
  }
}

}  // namespace
}  // namespace frugal

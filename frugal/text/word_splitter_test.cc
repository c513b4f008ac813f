#include "frugal/text/word_splitter.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace frugal {
namespace {

struct Seen {
  std::string bytes;
  std::vector<Span> sources;
  Span source;
  bool too_long;
  bool operator==(const Seen&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Seen& word) {
  return out << word.bytes << " " << word.source.first << "-" << word.source.second;
}

class Collect {
 public:
  explicit Collect(std::vector<Seen>& to) : to_(to) {}
  bool operator()(const Word& word) {
    to_.push_back({std::string(word.bytes),
                   {word.sources, word.sources + word.bytes.size()},
                   word.source,
                   word.too_long});
    return true;
  }

 private:
  std::vector<Seen>& to_;
};

constexpr uint32_t kMostChars = 8;

std::vector<Seen> slow(std::string_view text, const BertRules& rules) {
  std::vector<Seen> words;
  WordBuffer buffer(kMostChars, true);
  split_words(normalize(text, rules), buffer, Collect(words));
  return words;
}

// Whether the table gives the words of the plain way, or says that it cannot.
bool agree(std::string_view text, const BertRules& rules, const CodePointTable& table) {
  std::vector<Seen> words, expected = slow(text, rules);
  WordBuffer buffer(kMostChars, true);
  if (split_words<true>(text, 0, table, buffer, Collect(words)) == SplitEnd::rare) return true;
  EXPECT_EQ(words, expected) << testing::PrintToString(std::string(text));

  std::vector<std::string> plain;
  WordBuffer no_sources(kMostChars, false);
  split_words<false>(text, 0, table, no_sources, [&](const Word& word) {
    plain.emplace_back(word.bytes);
    return true;
  });
  EXPECT_EQ(plain.size(), expected.size());
  for (size_t i = 0; i < std::min(plain.size(), expected.size()); ++i) EXPECT_EQ(plain[i], expected[i].bytes);
  return words == expected;
}

class Rules : public testing::TestWithParam<int> {
 protected:
  BertRules rules() const {
    BertRules rules;
    rules.clean_text = GetParam() & 1;
    rules.chinese_chars = GetParam() & 2;
    rules.lower_case = GetParam() & 4;
    rules.strip_accents = (GetParam() & 8) != 0;
    return rules;
  }
};

TEST_P(Rules, EveryCodePointInsideAWord) {
  const CodePointTable table(rules());
  for (char32_t code = 0; code < 0x110000; ++code) {
    if (code >= 0xd800 && code < 0xe000) continue;
    if (code > 0x30000 && (code >> 12) != 0xe0 && code % 251 != 0) continue;  // nothing is assigned there
    std::string text = "aB";
    append_utf8(text, code);
    text += "c";
    ASSERT_TRUE(agree(text, rules(), table)) << std::hex << static_cast<uint32_t>(code);
  }
}

TEST_P(Rules, RandomTextsAndBytes) {
  const CodePointTable table(rules());
  std::mt19937 random(GetParam());
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (unsigned n = random() % 20; n > 0; --n) {
      switch (random() % 6) {
        case 0:
          text += static_cast<char>(random());
          break;
        case 1:
          append_utf8(text, 0x300 + random() % 0x70);
          break;
        case 2:
          append_utf8(text, 0xac00 + random() % 0x2ba4);
          break;
        case 3:
          append_utf8(text, 0x1f00 + random() % 0x200);
          break;
        default:
          text += static_cast<char>(' ' + random() % 95);
          break;
      }
    }
    ASSERT_TRUE(agree(text, rules(), table)) << testing::PrintToString(text);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Rules, testing::Range(0, 16));

TEST(WordSplitter, OnlyNeighboursMakeItRare) {
  const CodePointTable table{BertRules{}};
  WordBuffer buffer(kMostChars, false);
  const auto nothing = [](const Word&) { return true; };
  EXPECT_EQ(split_words<false>("plain \u00e9 \ud55c \u4e2d e\u0301", 0, table, buffer, nothing),
            SplitEnd::done);
  EXPECT_EQ(split_words<false>("a \u302e b", 0, table, buffer, nothing), SplitEnd::rare);
  EXPECT_EQ(split_words<false>("a b c", 0, table, buffer, [](const Word&) { return false; }),
            SplitEnd::stopped);
}

}  // namespace
}  // namespace frugal

#include "frugal/text/tokenizer.h"

#include <gtest/gtest.h>

#include "frugal/base/error.h"

namespace frugal {
namespace {

// One token a byte: shows what the base class does around any method.
class Bytes final : public Tokenizer {
 public:
  Bytes() { template_ = Template::bert(256, 257); }
  std::string decode(std::span<const int32_t> ids, bool) const override { return {ids.begin(), ids.end()}; }
  int vocab_size() const override { return 258; }
  std::optional<int32_t> id_of(std::string_view) const override { return std::nullopt; }
  std::string_view piece_of(int32_t) const override { return {}; }

 private:
  void append_tokens(std::string_view text, size_t most, bool offsets, Encoding& out) const override {
    for (size_t i = 0; i < text.size() && i < most; ++i) {
      out.ids.push_back(static_cast<uint8_t>(text[i]));
      if (offsets) out.offsets.emplace_back(i, i + 1);
    }
  }
};

// The texts' tokens as letters, the template's as < and >.
std::string show(const Encoding& encoding) {
  EXPECT_EQ(encoding.type_ids.size(), encoding.size());
  EXPECT_EQ(encoding.sources.size(), encoding.size());
  std::string out;
  for (const int32_t id : encoding.ids) out += id == 256 ? '<' : id == 257 ? '>' : static_cast<char>(id);
  return out;
}

std::string pair(std::string_view a, std::string_view b, EncodeOptions options) {
  return show(Bytes().encode_pair(a, b, options));
}

TEST(Tokenizer, TemplateAndTypes) {
  const Encoding encoding = Bytes().encode_pair("ab", "c", {.offsets = true});
  EXPECT_EQ(show(encoding), "<ab>c>");
  EXPECT_EQ(encoding.type_ids, (std::vector<int32_t>{0, 0, 0, 0, 1, 1}));
  EXPECT_EQ(encoding.sources, (std::vector<uint8_t>{255, 0, 0, 255, 1, 255}));
  EXPECT_EQ(encoding.offsets.size(), 6u);
  EXPECT_EQ(encoding.offsets[4], (std::pair<uint32_t, uint32_t>{0, 1}));
  EXPECT_EQ(pair("ab", "c", {.special_tokens = false}), "abc");
  EXPECT_EQ(show(Bytes().encode("ab")), "<ab>");
}

TEST(Tokenizer, TruncationOfOneText) {
  EXPECT_EQ(show(Bytes().encode("abcdef", {.max_length = 5})), "<abc>");
  EXPECT_EQ(show(Bytes().encode("abcdef", {.max_length = 2})), "<>");
  EXPECT_EQ(show(Bytes().encode("abcdef", {.special_tokens = false, .max_length = 2})), "ab");
  EXPECT_TRUE(Bytes().encode("abcdef", {.max_length = 7}).truncated);
  EXPECT_FALSE(Bytes().encode("abcdef", {.max_length = 8}).truncated);
  EXPECT_EQ(Bytes().encode("abcdef", {.max_length = 5, .offsets = true}).offsets.size(), 5u);
  EXPECT_THROW(Bytes().encode("a", {.max_length = 1}), Error);
  EXPECT_THROW(Bytes().encode("a", {.max_length = -1}), Error);
}

TEST(Tokenizer, LongestFirst) {
  EXPECT_EQ(pair("abcdef", "xy", {.max_length = 8}), "<abc>xy>");  // only the longer one
  EXPECT_EQ(pair("ab", "uvwxyz", {.max_length = 8}), "<ab>uvw>");
  EXPECT_EQ(pair("abcdef", "uvwxyz", {.max_length = 8}), "<ab>uvw>");  // the odd one to the longer or second
  EXPECT_EQ(pair("abcdefg", "uvwxyz", {.max_length = 8}), "<abc>uv>");
  EXPECT_EQ(pair("abc", "xyz", {.max_length = 3}), "<>>");
  EXPECT_THROW(pair("abc", "xyz", {.max_length = 2}), Error);
}

TEST(Tokenizer, OneTextGivesWay) {
  EXPECT_EQ(pair("abc", "uvwxyz", {.max_length = 8, .truncation = Truncation::second_only}), "<abc>uv>");
  EXPECT_EQ(pair("abc", "uvw", {.max_length = 8, .truncation = Truncation::first_only}), "<ab>uvw>");
  EXPECT_THROW(pair("abcdef", "u", {.max_length = 8, .truncation = Truncation::second_only}), Error);
}

}  // namespace
}  // namespace frugal

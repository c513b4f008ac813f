#include "frugal/text/piece_trie.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace frugal {
namespace {

PieceTrie make(const std::map<std::string, int32_t>& pieces) {
  std::vector<std::pair<std::string_view, int32_t>> list(pieces.begin(), pieces.end());
  return PieceTrie(std::move(list));
}

// The obvious way.
PieceTrie::Match longest(const std::map<std::string, int32_t>& pieces, std::string_view text) {
  for (size_t size = text.size(); size > 0; --size)
    if (const auto found = pieces.find(std::string(text.substr(0, size))); found != pieces.end())
      return {found->second, size};
  return {};
}

TEST(PieceTrie, AgreesWithTheObviousWayOnRandomBytes) {
  std::mt19937 random(1);
  for (const int letters : {2, 5, 256}) {
    std::map<std::string, int32_t> pieces;
    const auto word = [&](size_t most) {
      std::string text(random() % most, 'x');
      for (char& c : text) c = static_cast<char>(random() % static_cast<unsigned>(letters));
      return text;
    };
    for (int i = 0; i < 3000; ++i)
      if (const std::string piece = word(9); !piece.empty()) pieces.emplace(piece, i);
    const PieceTrie trie = make(pieces);
    for (const auto& [piece, number] : pieces) ASSERT_EQ(trie.find(piece), number);
    for (int i = 0; i < 3000; ++i) {
      const std::string text = word(14);
      const auto expected = longest(pieces, text), got = trie.longest(PieceTrie::kRoot, text);
      ASSERT_EQ(got.number, expected.number);
      ASSERT_EQ(got.size, expected.size);
      const auto found = pieces.find(text);
      ASSERT_EQ(trie.find(text), found == pieces.end() ? PieceTrie::kNone : found->second);
    }
  }
}

TEST(PieceTrie, Empty) {
  const PieceTrie none, only_empty = make({{"", 7}});
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text(2, static_cast<char>(byte));
    EXPECT_EQ(none.longest(PieceTrie::kRoot, text).number, PieceTrie::kNone);
    EXPECT_EQ(only_empty.find(text), PieceTrie::kNone);
  }
  EXPECT_EQ(only_empty.find(""), PieceTrie::kNone);
}

TEST(PieceTrie, AllSingleBytesAndALongString) {
  std::map<std::string, int32_t> pieces;
  for (int byte = 0; byte < 256; ++byte) pieces[std::string(1, static_cast<char>(byte))] = byte;
  pieces[std::string(100000, 'q')] = 256;  // deep: building must not recurse
  const PieceTrie trie = make(pieces);
  for (int byte = 0; byte < 256; ++byte) EXPECT_EQ(trie.find(std::string(1, static_cast<char>(byte))), byte);
  EXPECT_EQ(trie.longest(PieceTrie::kRoot, std::string(99999, 'q')).size, 1u);
  EXPECT_EQ(trie.longest(PieceTrie::kRoot, std::string(100001, 'q')).size, 100000u);
}

}  // namespace
}  // namespace frugal

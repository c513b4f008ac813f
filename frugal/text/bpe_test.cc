#include "frugal/text/bpe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <set>

#include "frugal/text/byte_alphabet.h"
#include "frugal/text/unicode.h"

namespace frugal {
namespace {

// Pieces "a" ... and those that the merges make, in their order.
BpeSpec spec_of(const std::string& alphabet, const std::vector<std::pair<std::string, std::string>>& merges) {
  BpeSpec spec;
  for (const char c : alphabet) spec.pieces.push_back(bytes_to_chars(std::string(1, c)));
  for (const auto& [a, b] : merges)
    if (std::find(spec.pieces.begin(), spec.pieces.end(), a + b) == spec.pieces.end())
      spec.pieces.push_back(a + b);
  const PieceIds ids(spec.pieces);
  for (const auto& [a, b] : merges) spec.merges.push_back({ids.find(a), ids.find(b), ids.find(a + b)});
  return spec;
}

std::string all_bytes() {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  return bytes;
}

// "ab c" for the pieces of a word.
std::string show(const BpeSpec& spec, std::string_view word) {
  const Bpe bpe(spec);
  std::vector<int32_t> ids, merged;
  Bpe::Spans spans;
  bpe.append(word, word.data() + word.size(), ids, &spans);
  bpe.append_merged(word, merged, nullptr);
  EXPECT_EQ(spans.size(), ids.size());
  if (!spec.ignore_merges) {
    EXPECT_EQ(ids, merged);
  }
  std::string text;
  for (size_t i = 0; i < ids.size(); ++i)
    text += (i > 0 ? " " : "") + spec.pieces[static_cast<size_t>(ids[i])] +
            (spans[i].first > spans[i].second ? "?" : "");
  return text;
}

// Every step looks at all pairs.
std::vector<int32_t> slow(const BpeSpec& spec, std::string_view word) {
  std::map<std::pair<int32_t, int32_t>, std::pair<size_t, int32_t>> merges;
  for (size_t rank = 0; rank < spec.merges.size(); ++rank)
    merges[{spec.merges[rank].left, spec.merges[rank].right}] = {rank, spec.merges[rank].result};
  const PieceIds pieces(spec.pieces);
  std::vector<int32_t> ids;
  for (const char byte : word) ids.push_back(pieces.find(bytes_to_chars(std::string(1, byte))));
  for (;;) {
    size_t best = SIZE_MAX, place = 0;
    for (size_t i = 0; i + 1 < ids.size(); ++i)
      if (const auto found = merges.find({ids[i], ids[i + 1]});
          found != merges.end() && found->second.first < best)
        best = found->second.first, place = i;
    if (best == SIZE_MAX) return ids;
    ids[place] = merges[{ids[place], ids[place + 1]}].second;
    ids.erase(ids.begin() + static_cast<ptrdiff_t>(place) + 1);
  }
}

TEST(Bpe, EarlierMergesFirst) {
  EXPECT_EQ(show(spec_of("abc", {{"a", "b"}, {"b", "c"}}), "abc"), "ab c");
  EXPECT_EQ(show(spec_of("abc", {{"b", "c"}, {"a", "b"}}), "abc"), "a bc");
  EXPECT_EQ(show(spec_of("ab", {{"a", "a"}}), "aaa"), "aa a");  // from the left
  EXPECT_EQ(show(spec_of("abc", {{"a", "b"}, {"ab", "c"}}), "abcab"), "abc ab");
}

TEST(Bpe, APieceThatMergesDoNotReachIsNotTaken) {
  BpeSpec spec = spec_of("abc", {{"b", "c"}, {"a", "b"}, {"ab", "c"}});
  EXPECT_EQ(show(spec, "abc"), "a bc");
  spec.ignore_merges = true;
  EXPECT_EQ(show(spec, "abc"), "abc");
  EXPECT_EQ(show(spec, "abca"), "a bc a");
}

TEST(Bpe, OfAPairGivenTwiceTheLaterRankCounts) {
  EXPECT_EQ(show(spec_of("abc", {{"a", "b"}, {"b", "c"}, {"a", "b"}}), "abc"), "a bc");
}

TEST(Bpe, UnknownBytes) {
  BpeSpec spec = spec_of("ab", {{"a", "b"}});
  spec.pieces.push_back("<unk>");
  EXPECT_EQ(show(spec, "axxb"), "ab");  // they vanish, and their neighbours meet
  EXPECT_EQ(show(spec, "xx"), "");
  spec.unknown = 2;
  spec.pieces[2].swap(spec.pieces[3]);
  spec.merges[0].result = 3;
  EXPECT_EQ(show(spec, "axxb"), "a <unk> <unk> b");
  spec.fuse_unknown = true;
  EXPECT_EQ(show(spec, "axxbx"), "a <unk> b <unk>");
  std::vector<int32_t> ids;
  Bpe::Spans spans;
  Bpe(spec).append_merged("axxb", ids, &spans);
  EXPECT_EQ(spans, (Bpe::Spans{{0, 1}, {1, 3}, {3, 4}}));
}

// A random vocabulary whose merges overlap in every way, over all bytes (`full`) or three letters.
BpeSpec random_spec(std::mt19937& random, bool full) {
  std::vector<std::pair<std::string, std::string>> merges;
  std::vector<std::string> pieces = {"a", "b", "c"};
  for (int i = 0; i < 60; ++i) {
    const std::string a = pieces[random() % pieces.size()], b = pieces[random() % pieces.size()];
    if (a.size() + b.size() > 24) continue;
    merges.emplace_back(a, b);
    pieces.push_back(a + b);
  }
  return spec_of(full ? all_bytes() : "abc", merges);
}

TEST(Bpe, ShortAndLongWordsAgreeWithTheSlowWay) {
  std::mt19937 random(5);
  for (int round = 0; round < 60; ++round) {
    const BpeSpec spec = random_spec(random, round % 2 == 0);
    const Bpe bpe(spec);
    for (int k = 0; k < 60; ++k) {
      std::string word;
      for (size_t size = 1 + random() % (k < 40 ? 20 : 130); word.size() < size;) word += "abc"[random() % 3];
      std::vector<int32_t> ids;
      Bpe::Spans spans;
      bpe.append(word, word.data() + word.size(), ids, &spans);
      ASSERT_EQ(ids, slow(spec, word)) << word;
      std::string joined;
      for (size_t i = 0; i < ids.size(); ++i) {
        ASSERT_EQ(spans[i].first, joined.size());
        joined += spec.pieces[static_cast<size_t>(ids[i])];
        ASSERT_EQ(spans[i].second, joined.size());
      }
      ASSERT_EQ(joined, word);
    }
  }
}

TEST(Bpe, AWordOfAMegabyteIsNoMatterOfMinutes) {
  std::vector<std::pair<std::string, std::string>> merges;
  for (std::string piece = "a"; piece.size() < 1024; piece += piece) merges.emplace_back(piece, piece);
  const Bpe bpe(spec_of(all_bytes(), merges));
  const std::string word(size_t{1} << 20, 'a');
  std::vector<int32_t> ids;
  const auto start = std::chrono::steady_clock::now();
  bpe.append_merged(word, ids, nullptr);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(ids.size(), 1024u);
  EXPECT_LT(seconds.count(), 30);  // 0.3 s; the quadratic way takes many minutes
}

TEST(WordTable, FindsWhatWasAdded) {
  std::mt19937 random(7);
  std::map<std::string, int32_t> words;
  for (int32_t id = 0; id < 3000; ++id) {
    std::string word;
    for (size_t size = 1 + random() % 20; word.size() < size;) word += static_cast<char>(random() % 4);
    words.emplace(word, id);
  }
  WordTable table(words.size());
  for (const auto& [word, id] : words) table.add(word, id);
  const std::string tail(16, '\x01');
  for (int k = 0; k < 20000; ++k) {
    std::string word;
    for (size_t size = 1 + random() % 20; word.size() < size;) word += static_cast<char>(random() % 4);
    const auto found = words.find(word);
    const int32_t expected = found == words.end() ? -1 : found->second;
    ASSERT_EQ(table.find(word, word.data() + word.size()), expected);
    const std::string longer = word + tail;  // what comes after the word does not count
    ASSERT_EQ(table.find(std::string_view(longer).substr(0, word.size()), longer.data() + longer.size()),
              expected);
  }
  const std::string a = "a";
  EXPECT_EQ(WordTable().find(a, a.data() + 1), -1);
}

TEST(PairMap, IsAMap) {
  std::mt19937 random(9);
  PairMap<int> map;
  std::map<uint64_t, int> expected;
  for (int k = 0; k < 20000; ++k) {
    const uint64_t key =
        PairMap<int>::key(static_cast<int32_t>(random() % 300), static_cast<int32_t>(random() % 300));
    if (k % 3 == 0) {
      const auto found = expected.find(key);
      const int* value = map.find(key);
      ASSERT_EQ(value != nullptr, found != expected.end());
      if (value) {
        ASSERT_EQ(*value, found->second);
      }
    } else {
      ++map[key];
      ++expected[key];
    }
  }
  EXPECT_EQ(map.size(), expected.size());
}

TEST(ByteAlphabet, ThereAndBack) {
  std::set<std::string> pieces;
  for (const char byte : all_bytes()) {
    const std::string piece = bytes_to_chars(std::string(1, byte));
    EXPECT_EQ(chars_to_bytes(piece), std::string(1, byte));
    EXPECT_FALSE(contains(space_ranges(), read_utf8(piece.data(), piece.data() + piece.size()).code));
    pieces.insert(piece);
  }
  EXPECT_EQ(pieces.size(), 256u);
  EXPECT_EQ(bytes_to_chars(" \n\x7f\xad"), "\u0120\u010a\u0121\u0143");
  for (const char* foreign : {" ", "\u0144", "\u4e2d", "\xad", "a b"})
    EXPECT_FALSE(chars_to_bytes(foreign)) << foreign;
}

}  // namespace
}  // namespace frugal

// Unigram and MarkBpe against slow, obvious twins, on random models of few letters, where ties are common.
#include "frugal/text/piece_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <set>

#include "frugal/text/mark_bpe.h"
#include "frugal/text/testing.h"
#include "frugal/text/unigram.h"
#include "frugal/text/utf8.h"

namespace frugal {
namespace {

using Ids = std::vector<int32_t>;

Ids ids_of(const PieceModel& model, std::string_view text) {
  std::vector<PieceSpan> spans;
  model.append(text, std::numeric_limits<size_t>::max(), spans);
  Ids ids;
  uint32_t at = 0;
  for (const PieceSpan& span : spans) {
    EXPECT_EQ(span.begin, at);  // nothing left out, nothing twice
    EXPECT_LT(span.begin, span.end);
    at = span.end;
    ids.push_back(span.id);
  }
  EXPECT_EQ(at, text.size());
  return ids;
}

size_t size_at(std::string_view text, size_t at) {
  return read_utf8(text.data() + at, text.data() + text.size()).size;
}

// The best of all splits of the whole text, by the rule of the library: float sums from the left, the first
// of equal ones, and a fresh start of the sums beyond 100,000.
Ids viterbi(const SentencePieceModel& model, std::string_view text) {
  float least = std::numeric_limits<float>::max();
  for (const SentencePiece& piece : model.pieces)
    if (piece.type == SentencePiece::normal) least = std::min(least, piece.score);
  struct Node {
    float score = 0;
    int32_t id = -1;
    size_t from = 0;
  };
  std::vector<Node> nodes(text.size() + 1);
  const auto offer = [&](size_t from, size_t to, int32_t id, float score) {
    const float sum = nodes[from].score + score;
    if (nodes[to].id < 0 || sum > nodes[to].score) nodes[to] = {sum, id, from};
  };
  for (size_t from = 0; from < text.size(); from += size_at(text, from)) {
    if (const float sum = nodes[from].score; std::abs(sum) > 100000)
      for (Node& node : nodes)
        if (&node - nodes.data() >= static_cast<ptrdiff_t>(from) && (node.id >= 0 || &node == &nodes[from]))
          node.score -= sum;
    const size_t next = from + size_at(text, from);
    bool has_one = false;
    for (size_t to = from + 1; to <= text.size(); ++to)
      for (size_t id = 0; id < model.pieces.size(); ++id) {
        const SentencePiece& piece = model.pieces[id];
        const bool user_defined = piece.type == SentencePiece::user_defined;
        if ((piece.type != SentencePiece::normal && !user_defined) ||
            piece.text != text.substr(from, to - from))
          continue;
        const auto bonus = static_cast<float>(0.1 * static_cast<double>(piece.text.size() - 1));
        offer(from, to, static_cast<int32_t>(id), user_defined ? bonus : piece.score);
        has_one |= to == next;
      }
    if (!has_one) offer(from, next, model.unknown_id, least - 10);
  }
  Ids ids;
  for (size_t at = text.size(); at > 0; at = nodes[at].from) ids.insert(ids.begin(), nodes[at].id);
  return ids;
}

// Merges the best pair of neighbours until there is none; the leftmost of equal ones.
Ids merge(const SentencePieceModel& model, std::string_view text) {
  const auto find = [&](const std::string& piece) {
    for (size_t id = 0; id < model.pieces.size(); ++id)
      if (model.pieces[id].text == piece && model.pieces[id].type != SentencePiece::unknown &&
          model.pieces[id].type != SentencePiece::control)
        return static_cast<int32_t>(id);
    return int32_t{-1};
  };
  struct Symbol {
    std::string text;
    bool frozen;
  };
  std::vector<Symbol> symbols;
  for (size_t at = 0; at < text.size();) {
    size_t size = 0;
    for (const SentencePiece& piece : model.pieces)
      if (piece.type == SentencePiece::user_defined && text.substr(at).starts_with(piece.text))
        size = std::max(size, piece.text.size());
    symbols.push_back({std::string(text.substr(at, size > 0 ? size : size_at(text, at))), size > 0});
    at += symbols.back().text.size();
  }
  while (true) {
    size_t best = symbols.size();
    float score = 0;
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      if (symbols[i].frozen || symbols[i + 1].frozen) continue;
      const int32_t id = find(symbols[i].text + symbols[i + 1].text);
      if (id < 0) continue;
      const float here = model.pieces[static_cast<size_t>(id)].score;
      if (best == symbols.size() || here > score) best = i, score = here;
    }
    if (best == symbols.size()) break;
    symbols[best].text += symbols[best + 1].text;
    symbols.erase(symbols.begin() + static_cast<ptrdiff_t>(best) + 1);
  }
  Ids ids;
  for (const Symbol& symbol : symbols) {
    const int32_t id = find(symbol.text);
    ids.push_back(id < 0 ? model.unknown_id : id);
  }
  return ids;
}

class RandomModels {
 public:
  explicit RandomModels(int seed) : random_(static_cast<uint64_t>(seed)) {}

  size_t below(size_t count) { return random_() % count; }

  std::string word(size_t most, bool marks) {
    static constexpr std::string_view kLetters[] = {"a", "b", "\u00e9", "\u4e2d", kBlankMark};
    std::string text;
    for (size_t i = 1 + below(most); i > 0; --i) text += kLetters[below(marks ? 5 : 4)];
    return text;
  }

  SentencePieceModel model(SentencePieceModel::Kind kind, float scale) {
    SentencePieceModel model = test::model_of(kind, {});
    const bool inner_marks = below(3) == 0, ties = below(2) == 0;
    std::set<std::string> seen;
    for (size_t i = 3 + below(40); i > 0; --i) {
      SentencePiece piece;
      piece.text = inner_marks ? word(4, true) : (below(2) ? std::string(kBlankMark) : "") + word(3, false);
      if (!seen.insert(piece.text).second) continue;
      piece.score =
          -scale * (ties ? static_cast<float>(1 + below(3)) : static_cast<float>(below(1000)) / 300);
      piece.type = below(12) == 0 ? SentencePiece::user_defined : SentencePiece::normal;
      model.pieces.push_back(piece);
    }
    return model;
  }

  // Marked as the normalizer marks it.
  std::string text() {
    std::string text;
    for (size_t i = below(12); i > 0; --i) text += std::string(kBlankMark) + word(6, below(8) == 0);
    return text;
  }

 private:
  std::mt19937_64 random_;
};

TEST(PieceModels, UnigramEqualsTheSearchOverAllSplits) {
  RandomModels random(1);
  for (int round = 0; round < 150; ++round) {
    const SentencePieceModel model = random.model(SentencePieceModel::unigram, 1);
    const Unigram unigram(model);
    for (int i = 0; i < 20; ++i) {
      const std::string text = random.text();
      ASSERT_EQ(ids_of(unigram, text), viterbi(model, text)) << text << " in round " << round;
    }
  }
}

TEST(PieceModels, UnigramRoundsAsTheLibraryInLongTexts) {
  RandomModels random(2);
  // Sums pass 4,096, where shortcuts end, and 100,000, where they start again.
  for (const float scale : {1.f, 30.f, 3000.f})
    for (int round = 0; round < 6; ++round) {
      const SentencePieceModel model = random.model(SentencePieceModel::unigram, scale);
      std::string text;
      while (text.size() < 3000) text += random.text();
      ASSERT_EQ(ids_of(Unigram(model), text), viterbi(model, text)) << scale << " in round " << round;
    }
}

TEST(PieceModels, BpeEqualsRepeatedMerging) {
  RandomModels random(3);
  for (int round = 0; round < 150; ++round) {
    const SentencePieceModel model = random.model(SentencePieceModel::bpe, 1);
    const MarkBpe bpe(model);
    for (int i = 0; i < 20; ++i) {
      const std::string text = random.text();
      ASSERT_EQ(ids_of(bpe, text), merge(model, text)) << text << " in round " << round;
    }
  }
}

TEST(PieceModels, BpeTakesALongTextWithoutBlanks) {
  const SentencePieceModel model = test::model_of(SentencePieceModel::bpe, {"aa", "a", "aaaa"});
  EXPECT_EQ(ids_of(MarkBpe(model), std::string(400001, 'a')).size(), 100001u);
}

TEST(PieceModels, BpeSplitsUnusedPiecesAgain) {
  SentencePieceModel model = test::model_of(SentencePieceModel::bpe, {"ab", "abc", "a", "b", "c"});
  EXPECT_EQ(ids_of(MarkBpe(model), "abcab"), (Ids{3, 2}));
  model.pieces[3].type = SentencePiece::unused;
  EXPECT_EQ(ids_of(MarkBpe(model), "abcab"), (Ids{2, 6, 2}));
  model.pieces[2].type = SentencePiece::unused;
  EXPECT_EQ(ids_of(MarkBpe(model), "abcab"), (Ids{4, 5, 6, 4, 5}));
  model.pieces[4].type = SentencePiece::unused;  // nothing smaller is left of it
  EXPECT_EQ(ids_of(MarkBpe(model), "abcab"), (Ids{0, 5, 6, 0, 5}));
}

TEST(PieceModels, ListedMergesAreTheOnlyOnes) {
  SentencePieceModel model = test::model_of(SentencePieceModel::bpe, {"a", "b", "c", "ab", "bc", "abc"});
  model.merges = {{3, 4, 6}, {2, 6, 7}};  // b c, a bc
  EXPECT_EQ(ids_of(MarkBpe(model), "abc"), (Ids{7}));
  EXPECT_EQ(ids_of(MarkBpe(model), "abab"), (Ids{2, 3, 2, 3}));
  model.merges = {{2, 3, 5}, {2, 6, 7}};  // a b comes first, and ab c is none of them
  EXPECT_EQ(ids_of(MarkBpe(model), "abc"), (Ids{5, 4}));
}

TEST(PieceModels, SegmentsEndBeforeMarks) {
  const auto pieces = [](std::vector<std::string> texts) {
    return test::model_of(SentencePieceModel::bpe, texts).pieces;
  };
  const Segments words(pieces({"\u2581the", "\u2581\u2581", "a"}));
  const std::string text = "a\u2581\u2581the\u2581\u4e2d\u2580";
  EXPECT_EQ(words.end(text, 0), 1u);
  EXPECT_EQ(words.end(text, 1), 10u);
  EXPECT_EQ(words.end(text, 10), text.size());
  const Segments across(pieces({"\u2581the\u2581a"}));
  EXPECT_EQ(across.end(text, 0), text.size());
}

}  // namespace
}  // namespace frugal

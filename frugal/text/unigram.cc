#include "frugal/text/unigram.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "frugal/text/utf8.h"

namespace frugal {
namespace {

// An unknown character is that much worse than the worst piece.
constexpr float kUnknownPenalty = 10;
// Sums of scores up to here are rounded by 2^-12 at most; see stands_alone().
constexpr float kRoundsLittle = 4096;
// Sums beyond this one start again at 0, lest they lose all digits.
constexpr float kStartsAgain = 100000;

}  // namespace

Unigram::Unigram(const SentencePieceModel& model)
    : scores_(model.pieces.size()),
      alone_(model.pieces.size()),
      unknown_id_(model.unknown_id),
      segments_(model.pieces) {
  float least = std::numeric_limits<float>::max();
  bool log_probabilities = true;
  for (const SentencePiece& piece : model.pieces) {
    if (piece.type != SentencePiece::normal) continue;
    least = std::min(least, piece.score);
    log_probabilities &= piece.score <= 0;
  }
  unknown_score_ = least - kUnknownPenalty;

  std::vector<std::pair<std::string_view, int32_t>> found;
  for (size_t i = 0; i < model.pieces.size(); ++i) {
    const SentencePiece& piece = model.pieces[i];
    const bool user_defined = piece.type == SentencePiece::user_defined;
    if (piece.type != SentencePiece::normal && !user_defined) continue;
    found.emplace_back(piece.text, static_cast<int32_t>(i));
    // The library's bonus, so that they are always chosen.
    const double bonus = 0.1 * static_cast<double>(piece.text.size() - 1);
    scores_[i] = user_defined ? static_cast<float>(bonus) : piece.score;
  }
  trie_ = PieceTrie(std::move(found));
  for (size_t i = 0; i < model.pieces.size() && log_probabilities; ++i)
    alone_[i] = stands_alone(model.pieces[i], static_cast<int32_t>(i));
}

// Whether the piece starts a segment, and is better than every other split of its text by more than the
// rounding of float sums can hide: 2^-12 an addition while sums are below kRoundsLittle, on either way. Then
// a segment that is this piece needs no search, whatever the sum before it. With T5's pieces that is 24 of 25
// words of English text.
bool Unigram::stands_alone(const SentencePiece& piece, int32_t id) const {
  const std::string_view text = piece.text;
  if (piece.type != SentencePiece::normal || !text.starts_with(kBlankMark) || piece.score < -kRoundsLittle)
    return false;
  constexpr double kNone = -std::numeric_limits<double>::infinity();
  std::vector<double> best(text.size() + 1, kNone);
  best[0] = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t next = begin + read_utf8(text.data() + begin, text.data() + text.size()).size;
    bool has_one = false;
    PieceTrie::Node node = PieceTrie::kRoot;
    for (size_t end = begin + 1; end <= text.size(); ++end) {
      node = trie_.next(node, text[end - 1]);
      if (node == PieceTrie::kRoot) break;
      const int32_t found = trie_.number(node);
      if (found == PieceTrie::kNone || found == id) continue;
      best[end] = std::max(best[end], best[begin] + double{scores_[static_cast<size_t>(found)]});
      has_one |= end == next;
    }
    if (!has_one) best[next] = std::max(best[next], best[begin] + unknown_score_);
    begin = next;
  }
  return scores_[static_cast<size_t>(id)] - best[text.size()] > std::ldexp(double(text.size() + 2), -11);
}

// Appends the pieces of text[begin, end) and returns the sum of all scores so far.
float Unigram::viterbi(std::string_view text, size_t begin, size_t end, float score, std::vector<Best>& best,
                       std::vector<PieceSpan>& out) const {
  best.assign(end - begin + 1, {});
  best[0].score = score;
  size_t reached = begin;
  const auto offer = [&](size_t at, float sum, int32_t id, size_t from) {
    Best& known = best[at - begin];
    if (known.id == kNowhere || sum > known.score) known = {sum, id, static_cast<uint32_t>(from)};
    reached = std::max(reached, at);
  };
  for (size_t from = begin; from < end;) {
    if (const float offset = best[from - begin].score; std::abs(offset) > kStartsAgain)
      for (size_t at = from; at <= reached; ++at)
        if (at == from || best[at - begin].id != kNowhere) best[at - begin].score -= offset;
    const float before = best[from - begin].score;
    const size_t next = from + read_utf8(text.data() + from, text.data() + end).size;
    bool has_one = false;
    PieceTrie::Node node = PieceTrie::kRoot;
    for (size_t at = from; at < end;) {
      node = trie_.next(node, text[at++]);
      if (node == PieceTrie::kRoot) break;
      const int32_t id = trie_.number(node);
      if (id == PieceTrie::kNone) continue;
      offer(at, scores_[static_cast<size_t>(id)] + before, id, from);
      has_one |= at == next;
    }
    if (!has_one) offer(next, unknown_score_ + before, unknown_id_, from);
    from = next;
  }
  const size_t first = out.size();
  for (size_t at = end; at > begin;) {
    const Best& last = best[at - begin];
    out.push_back({last.id, last.begin, static_cast<uint32_t>(at)});
    at = last.begin;
  }
  std::reverse(out.begin() + static_cast<ptrdiff_t>(first), out.end());
  return best.back().score;
}

void Unigram::append(std::string_view text, size_t most, std::vector<PieceSpan>& out) const {
  size_t known = 0;
  std::vector<Best> best;
  float score = 0;
  for (size_t begin = 0; begin < text.size() && known < most;) {
    const size_t first = out.size();
    const size_t end = segments_.end(text, begin);
    PieceTrie::Node node = PieceTrie::kRoot;
    size_t at = begin;
    while (at < end && (node = trie_.next(node, text[at])) != PieceTrie::kRoot) ++at;
    const int32_t id = at == end ? trie_.number(node) : PieceTrie::kNone;
    if (id != PieceTrie::kNone && alone_[static_cast<size_t>(id)] && std::abs(score) < kRoundsLittle) {
      out.push_back({id, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
      score = scores_[static_cast<size_t>(id)] + score;
    } else {
      score = viterbi(text, begin, end, score, best, out);
    }
    for (size_t i = first; i < out.size(); ++i) known += out[i].id != unknown_id_;
    begin = end;
  }
}

}  // namespace frugal

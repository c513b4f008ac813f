#include "frugal/text/mark_bpe.h"

#include <algorithm>
#include <functional>

#include "frugal/text/utf8.h"

namespace frugal {
namespace {

bool is_text(const SentencePiece& piece) {
  return piece.type == SentencePiece::normal || piece.type == SentencePiece::user_defined ||
         piece.type == SentencePiece::unused;
}

template <class OnCharacter>
void for_each_character(std::string_view text, OnCharacter&& on_character) {
  for (size_t at = 0; at < text.size();) {
    const size_t size = read_utf8(text.data() + at, text.data() + text.size()).size;
    on_character(at, text.substr(at, size));
    at += size;
  }
}

}  // namespace

MarkBpe::MarkBpe(const SentencePieceModel& model)
    : alone_(model.pieces.size()),
      pieces_(static_cast<int32_t>(model.pieces.size())),
      unknown_id_(model.unknown_id),
      segments_(model.pieces) {
  std::vector<std::pair<std::string_view, int32_t>> texts, kept;
  std::vector<std::string_view> symbols;
  for (const SentencePiece& piece : model.pieces) {
    const auto id = static_cast<int32_t>(symbols.size());
    symbols.push_back(piece.text);
    if (is_text(piece)) texts.emplace_back(piece.text, id);
    if (piece.type == SentencePiece::user_defined) kept.emplace_back(piece.text, id);
    if (piece.type == SentencePiece::unused) unused_.resize(model.pieces.size());
    if (piece.type == SentencePiece::unused) unused_[static_cast<size_t>(id)] = true;
  }
  kept_ = PieceTrie(std::move(kept));
  trie_ = PieceTrie(texts);
  add_characters(model, symbols);
  for (size_t id = static_cast<size_t>(pieces_); id < symbols.size(); ++id)
    texts.emplace_back(symbols[id], static_cast<int32_t>(id));
  trie_ = PieceTrie(std::move(texts));
  for (const std::string_view symbol : symbols) sizes_.push_back(static_cast<uint32_t>(symbol.size()));

  for (size_t rank = 0; rank < model.merges.size(); ++rank) {
    const BpeMerge& merge = model.merges[rank];
    merges_[PairMap<PairMerge>::key(merge.left, merge.right)] = {static_cast<uint32_t>(rank), merge.result};
  }
  if (model.merges.empty()) add_merges_of_scores(model);

  Work work;
  std::vector<PieceSpan> out;
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    if (!is_text(model.pieces[id]) || !unused_.empty()) continue;
    out.clear();
    split(model.pieces[id].text, 0, model.pieces[id].text.size(), work, out);
    alone_[id] = out.size() == 1 && out[0].id == static_cast<int32_t>(id);
  }
}

// Characters that are no pieces but begin or end merges.
void MarkBpe::add_characters(const SentencePieceModel& model, std::vector<std::string_view>& symbols) {
  std::vector<std::string_view> found;
  for (const SentencePiece& piece : model.pieces)
    if (is_text(piece))
      for_each_character(piece.text, [&](size_t, std::string_view character) {
        if (trie_.find(character) == PieceTrie::kNone) found.push_back(character);
      });
  std::sort(found.begin(), found.end());
  symbols.insert(symbols.end(), found.begin(), std::unique(found.begin(), found.end()));
}

// Every way to put a piece together from two symbols.
void MarkBpe::add_merges_of_scores(const SentencePieceModel& model) {
  std::vector<float> scores;
  for (const SentencePiece& piece : model.pieces) scores.push_back(piece.score);
  std::sort(scores.begin(), scores.end(), std::greater<>());
  scores.erase(std::unique(scores.begin(), scores.end()), scores.end());
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    const SentencePiece& piece = model.pieces[id];
    if (!is_text(piece)) continue;
    const std::string_view text = piece.text;
    const auto rank = static_cast<uint32_t>(
        std::lower_bound(scores.begin(), scores.end(), piece.score, std::greater<>()) - scores.begin());
    for_each_character(text, [&](size_t at, std::string_view) {
      if (at == 0) return;
      const int32_t left = trie_.find(text.substr(0, at)), right = trie_.find(text.substr(at));
      if (left != PieceTrie::kNone && right != PieceTrie::kNone)
        merges_[PairMap<PairMerge>::key(left, right)] = {rank, static_cast<int32_t>(id)};
    });
  }
}

void MarkBpe::emit(const Work& work, int32_t symbol, uint32_t begin, std::vector<PieceSpan>& out) const {
  const uint32_t end = begin + sizes_[static_cast<size_t>(symbol)];
  if (symbol >= pieces_) return out.push_back({unknown_id_, begin, end});
  if (unused_.empty() || !unused_[static_cast<size_t>(symbol)]) return out.push_back({symbol, begin, end});
  const auto halves = work.halves.find(symbol);
  if (halves == work.halves.end()) return out.push_back({unknown_id_, begin, end});
  const auto [left, right] = halves->second;
  emit(work, left, begin, out);
  emit(work, right, begin + sizes_[static_cast<size_t>(left)], out);
}

void MarkBpe::split(std::string_view text, size_t begin, size_t end, Work& work,
                    std::vector<PieceSpan>& out) const {
  std::vector<MergeSymbol>& symbols = work.symbols;
  symbols.clear();
  for (size_t at = begin; at < end;) {
    const std::string_view rest = text.substr(at, end - at);
    const PieceTrie::Match kept = kept_.longest(PieceTrie::kRoot, rest);
    const size_t size = kept.size > 0 ? kept.size : read_utf8(rest.data(), rest.data() + rest.size()).size;
    const int32_t id = kept.size > 0 ? PieceTrie::kNone : trie_.find(rest.substr(0, size));
    symbols.push_back(
        {id == PieceTrie::kNone ? kInert : id, static_cast<uint32_t>(at), static_cast<uint32_t>(at + size)});
    at += size;
  }
  const size_t count = merge_by_heap(
      symbols.data(), symbols.size(),
      [&](int32_t left, int32_t right) {
        const PairMerge* found = merges_.find(PairMap<PairMerge>::key(left, right));
        return found ? *found : PairMerge{};
      },
      [&](int32_t left, int32_t right, const PairMerge& merge) {
        if (!unused_.empty() && unused_[static_cast<size_t>(merge.result)])
          work.halves[merge.result] = {left, right};
      });
  for (size_t i = 0; i < count; ++i) {
    const MergeSymbol& symbol = symbols[i];
    if (symbol.id != kInert) {
      emit(work, symbol.id, symbol.begin, out);
      continue;
    }
    const int32_t id = trie_.find(text.substr(symbol.begin, symbol.end - symbol.begin));
    out.push_back({id == PieceTrie::kNone ? unknown_id_ : id, symbol.begin, symbol.end});
  }
}

void MarkBpe::append(std::string_view text, size_t most, std::vector<PieceSpan>& out) const {
  size_t known = 0;
  Work work;
  for (size_t begin = 0; begin < text.size() && known < most;) {
    const size_t first = out.size();
    const size_t end = unused_.empty() ? segments_.end(text, begin) : text.size();
    PieceTrie::Node node = PieceTrie::kRoot;
    size_t at = begin;
    while (at < end && (node = trie_.next(node, text[at])) != PieceTrie::kRoot) ++at;
    const int32_t id = at == end ? trie_.number(node) : PieceTrie::kNone;
    if (id != PieceTrie::kNone && id < pieces_ && alone_[static_cast<size_t>(id)]) {
      out.push_back({id, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
    } else {
      split(text, begin, end, work, out);
    }
    for (size_t i = first; i < out.size(); ++i) known += out[i].id != unknown_id_;
    begin = end;
  }
}

}  // namespace frugal

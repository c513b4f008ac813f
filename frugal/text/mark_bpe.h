// Byte pair encoding as SentencePiece does it: of characters, blanks among them as marks, over the whole
// text.
//
// R. Sennrich, B. Haddow, A. Birch, "Neural machine translation of rare words with subword units", ACL 2016.
// Two neighbours merge when together they are a piece, the piece with the highest score first, of equal ones
// the leftmost. Gives the pieces of the sentencepiece library's Encode. With rules of its own
// (SentencePieceModel::merges) only those merge, in their order, as in the `tokenizers` library.
#pragma once

#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "frugal/text/merge_heap.h"
#include "frugal/text/pair_map.h"
#include "frugal/text/piece_model.h"
#include "frugal/text/piece_trie.h"

namespace frugal {

class MarkBpe final : public PieceModel {
 public:
  explicit MarkBpe(const SentencePieceModel& model);

  void append(std::string_view text, size_t most, std::vector<PieceSpan>& out) const override;

 private:
  // A symbol is a piece by its id, or a character without a piece, numbered from pieces_ on. What never
  // merges, user-defined pieces and characters of no piece, is kInert.
  static constexpr int32_t kInert = 0x7fffffff;

  struct Work {
    std::vector<MergeSymbol> symbols;
    std::unordered_map<int32_t, std::pair<int32_t, int32_t>> halves;  // of unused pieces
  };

  void add_characters(const SentencePieceModel& model, std::vector<std::string_view>& symbols);
  void add_merges_of_scores(const SentencePieceModel& model);
  void split(std::string_view text, size_t begin, size_t end, Work& work, std::vector<PieceSpan>& out) const;
  void emit(const Work& work, int32_t symbol, uint32_t begin, std::vector<PieceSpan>& out) const;

  PieceTrie trie_;  // of all symbols
  PieceTrie kept_;  // user-defined pieces: never merged
  PairMap<PairMerge> merges_;
  std::vector<uint32_t> sizes_;  // of symbols, in bytes
  std::vector<bool> alone_;      // by piece: what its own text gives
  std::vector<bool> unused_;     // by piece: split again where it comes out; empty: none is
  int32_t pieces_, unknown_id_;
  Segments segments_;
};

}  // namespace frugal

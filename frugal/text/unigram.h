// The unigram language model: of all ways to split a text, the one whose pieces are the most likely together.
//
// T. Kudo, "Subword regularization: Improving neural network translation models with multiple subword
// candidates", ACL 2018. Gives the pieces of the sentencepiece library's Encode (0.2.3), ties and rounding
// included: sums are floats, and of equal ones the first counts. Releases before 0.2.1 compare sums before
// they round them.
#pragma once

#include <vector>

#include "frugal/text/piece_model.h"
#include "frugal/text/piece_trie.h"

namespace frugal {

class Unigram final : public PieceModel {
 public:
  explicit Unigram(const SentencePieceModel& model);

  void append(std::string_view text, size_t most, std::vector<PieceSpan>& out) const override;

 private:
  // The best split that ends at a byte.
  struct Best {
    float score = 0;
    int32_t id = kNowhere;  // of its last piece
    uint32_t begin = 0;     // where that starts
  };
  static constexpr int32_t kNowhere = -1;

  float viterbi(std::string_view text, size_t begin, size_t end, float score, std::vector<Best>& best,
                std::vector<PieceSpan>& out) const;
  bool stands_alone(const SentencePiece& piece, int32_t id) const;

  PieceTrie trie_;
  std::vector<float> scores_;  // by id
  std::vector<bool> alone_;    // by id: surely the best split of its own text
  float unknown_score_ = 0;
  int32_t unknown_id_ = 0;
  Segments segments_;
};

}  // namespace frugal

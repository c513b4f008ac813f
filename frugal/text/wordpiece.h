// WordPiece: a word as the fewest left-to-right longest pieces; "##" starts those inside a word.
//
// M. Schuster, K. Nakajima, "Japanese and Korean voice search", 2012; greedy as in BERT (Devlin et al.,
// 2019). The longest match is one walk down a trie (X. Song et al., "Fast WordPiece Tokenization", 2021, go
// on without walking back; with words of five bytes that wins little).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "frugal/text/vocab.h"
#include "frugal/text/word_splitter.h"

namespace frugal {

class WordPiece {
 public:
  // Throws when the vocabulary lacks `unknown`. Words of more characters than `most_chars` are unknown.
  WordPiece(Vocab vocab, const std::string& unknown, const std::string& prefix, uint32_t most_chars,
            const std::string& where);

  const Vocab& vocab() const { return vocab_; }
  int32_t unknown_id() const { return unknown_; }
  uint32_t most_chars() const { return most_chars_; }

  // Appends the word's pieces, or one unknown token; `offsets` may be null.
  void append(const Word& word, std::vector<int32_t>& ids, std::vector<Span>* offsets) const;

 private:
  Vocab vocab_;
  PieceTrie::Node inside_;  // where pieces inside a word start in the trie
  bool has_inside_;         // whether any piece has the prefix
  int32_t unknown_;
  uint32_t most_chars_;
};

}  // namespace frugal

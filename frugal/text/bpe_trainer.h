// Learns the merges of byte-pair encoding from counted words: the most frequent pair of neighbours becomes a
// piece, again and again.
//
// R. Sennrich et al., "Neural machine translation of rare words with subword units", 2016. Of equally
// frequent pairs the one with the smaller ids wins (left, then right). Follows the trainer of the
// `tokenizers` library, whose merges it repeats, also where one piece arises from two different pairs. Counts
// are kept up to date pair by pair and a heap finds the next one: a merge costs what the words with that pair
// cost.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "frugal/text/bpe_spec.h"
#include "frugal/text/word_counts.h"

namespace frugal {

struct BpeTraining {
  size_t vocab_size = 0;                 // pieces in all, the special ones included
  uint64_t min_frequency = 2;            // rarer pairs are not merged
  std::vector<std::string> first;        // the first pieces: special tokens
  std::vector<char32_t> alphabet;        // characters that become pieces whether the words have them or not
  size_t most_characters = SIZE_MAX;     // the rarest characters beyond that are left out of all words
  std::string inside_prefix;             // of pieces inside a word: "##" for WordPiece
  std::function<void(size_t)> on_merge;  // pieces so far; may be empty
};

struct TrainedBpe {
  std::vector<std::string> pieces;  // by id: `first`, characters by code point, then as merged
  std::vector<BpeMerge> merges;
};

// Words are UTF-8. Throws when the vocabulary has no room for the first pieces and the characters.
TrainedBpe train_bpe(const WordCounts& words, const BpeTraining& training);

}  // namespace frugal

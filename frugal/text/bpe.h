// Byte-pair encoding of one word: pairs of neighbours are merged, the earliest merge first and from the left,
// until none is left.
//
// P. Gage, "A new algorithm for data compression", 1994; R. Sennrich et al., "Neural machine translation of
// rare words with subword units", 2016. Most words of a text are pieces: those are one look-up. A short word
// scans its pairs for the earliest merge; a long one keeps them in a heap, so that n bytes take O(n log n).
// Immutable; any thread may read.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "frugal/text/bpe_spec.h"
#include "frugal/text/merge_heap.h"
#include "frugal/text/pair_map.h"
#include "frugal/text/word_table.h"

namespace frugal {

class Bpe {
 public:
  // Bytes [first, second) of the word.
  using Spans = std::vector<std::pair<uint32_t, uint32_t>>;

  // Of `spec` the pieces, merges, and the rules for unknown bytes and ignore_merges.
  explicit Bpe(const BpeSpec& spec);

  // Appends the ids of the word, which is not empty, and where each stands in it unless `spans` is null.
  // Bytes from the word to `end` may be read too: short words inside a text are then two loads.
  void append(std::string_view word, const char* end, std::vector<int32_t>& ids, Spans* spans) const {
    if (const int32_t id = words_.find(word, end); id >= 0) {
      ids.push_back(id);
      if (spans) spans->emplace_back(0, word.size());
    } else {
      append_merged(word, ids, spans);
    }
  }

  // The same by merging, without a look at the whole word.
  void append_merged(std::string_view word, std::vector<int32_t>& ids, Spans* spans) const;

 private:
  using Merge = PairMerge;
  using Symbol = MergeSymbol;
  static constexpr size_t kShort = 48;  // bytes

  Merge merge_of(int32_t left, int32_t right) const {
    const Merge* found = merges_.find(PairMap<Merge>::key(left, right));
    return found ? *found : Merge{};
  }
  size_t split(std::string_view word, Symbol* symbols) const;
  size_t merge_short(std::string_view word, Symbol* symbols, size_t count) const;
  size_t merge_long(Symbol* symbols, size_t count) const;

  std::vector<int32_t> byte_ids_;  // of each byte; -1: none
  bool knows_all_bytes_;
  std::vector<Merge> byte_merges_;  // of each two bytes
  PairMap<Merge> merges_;
  WordTable words_;
  int32_t unknown_;
  bool fuse_unknown_;
};

}  // namespace frugal

// The character rules inside a SentencePiece model: what the longest known start of a text becomes.
//
// A compiled map ("precompiled_charsmap") is a count of bytes, a double-array trie in the layout of
// Darts-clone (32 bits a unit) and the replacements, each ended by a zero byte. The published maps are NFKC
// with changes to blanks and controls. Immutable; any thread may read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace frugal {

class CharsMap {
 public:
  CharsMap() = default;  // no rules
  // Throws when the map is damaged: cut short, a rule without a replacement, one that is not UTF-8.
  CharsMap(std::string_view compiled, const std::string& where);

  bool empty() const { return units_.empty(); }

  struct Match {
    std::string_view replacement;
    size_t size = 0;  // bytes of the text that it replaces; 0: no rule
  };
  Match longest(std::string_view text) const;
  // Whether a rule of two bytes or more starts with these two.
  bool goes_on(char first, char second) const;

 private:
  std::vector<uint32_t> units_;
  std::string replacements_;
};

}  // namespace frugal

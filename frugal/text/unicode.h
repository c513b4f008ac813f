// Unicode as BERT's and GPT-2's published vocabularies know it: the tables behind the `tokenizers` library.
//
// BERT's categories are those of Unicode 8 and canonical order and decomposition those of Unicode 9,
// whichever utf8proc is installed: a character that a newer Unicode calls punctuation is a letter here. Lower
// case is that of Unicode 17. All functions are pure; these are the slow, obvious forms (CodePointTable is
// the fast one).
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace frugal {

struct CodePointRange {
  uint32_t first, last;
};

bool contains(std::span<const CodePointRange> ranges, char32_t code);  // sorted ranges

std::span<const CodePointRange> control_ranges();  // Cc, Cf, Co, but not \t \n \r; U+0000 and U+FFFD
std::span<const CodePointRange> mark_ranges();     // Mn
std::span<const CodePointRange> punctuation_ranges();
std::span<const CodePointRange> space_ranges();    // White_Space
std::span<const CodePointRange> chinese_ranges();  // blocks, with the library's slip in extension E
std::span<const CodePointRange> kept_non_starter_ranges();
std::span<const CodePointRange> letter_ranges();  // \p{L} and \p{N} as byte-level BPE splits words
std::span<const CodePointRange> number_ranges();
std::span<const CodePointRange> new_capital_ranges();  // capitals that utf8proc may not know yet

// A code point and what it became: at most four of them.
struct CodePoints {
  std::array<char32_t, 4> codes{};
  int count = 0;

  void push(char32_t code) { codes[static_cast<size_t>(count++)] = code; }
  const char32_t* begin() const { return codes.data(); }
  const char32_t* end() const { return codes.data() + count; }
};

CodePoints lower_case(char32_t code);  // no context: a final sigma stays a medial one
CodePoints canonical_decomposition(char32_t code);
int combining_class(char32_t code);  // right for what canonical order moves, 0 for the rest

// \w: letters, marks, digits, connectors, joiners.
bool is_word_character(char32_t code);

}  // namespace frugal

// BERT's text normalisation, the plain way: a whole text in, its new characters out, each with its origin.
//
// The pipeline of the `tokenizers` library (BertNormalizer, BertPreTokenizer). CodePointTable does the same
// in one table look-up a character; this form serves the few texts where that is not enough, and the tests as
// its twin.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace frugal {

struct BertRules {
  bool clean_text = true;             // controls and U+FFFD dropped, every blank becomes a space
  bool chinese_chars = true;          // CJK ideographs become words of their own
  std::optional<bool> strip_accents;  // unset: as lower_case
  bool lower_case = true;

  bool strips_accents() const { return strip_accents.value_or(lower_case); }
};

using Span = std::pair<uint32_t, uint32_t>;  // bytes [first, second) of the original text

struct SourcedChar {
  char32_t code;
  Span source;
};

// Broken UTF-8 reads as U+FFFD.
std::vector<SourcedChar> normalize(std::string_view text, const BertRules& rules);

// The same as UTF-8, with the source of every byte.
struct SourcedText {
  std::string text;
  std::vector<Span> sources;
};
SourcedText to_utf8(const std::vector<SourcedChar>& chars);

bool is_blank(char32_t code);        // separates words and is dropped
bool is_punctuation(char32_t code);  // a word by itself

}  // namespace frugal

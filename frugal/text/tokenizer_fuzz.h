// What holds for every tokenizer and any bytes; fuzz targets only.
#pragma once

#include <cstdlib>
#include <string_view>

#include "frugal/text/tokenizer.h"

namespace frugal::fuzz {

inline void require(bool good) {
  if (!good) std::abort();
}

// Offsets lie inside the text; what is cut to `limit` tokens is the beginning of the whole. Returns the
// whole.
inline Encoding check_encodings(const Tokenizer& tokenizer, std::string_view text, int limit) {
  Encoding whole = tokenizer.encode(text, {.offsets = true});
  require(whole.ids == tokenizer.encode(text).ids);
  require(whole.offsets.size() == whole.size() && whole.sources.size() == whole.size());
  for (const auto& [begin, end] : whole.offsets) require(begin <= end && end <= text.size());

  const Encoding cut = tokenizer.encode(text, {.max_length = limit});
  require(static_cast<int>(cut.size()) <= limit && cut.truncated == (cut.size() < whole.size()));
  for (size_t i = 0; i + 1 < cut.size(); ++i) require(cut.ids[i] == whole.ids[i]);
  const size_t half = text.size() / 2;
  const Encoding pair = tokenizer.encode_pair(text.substr(0, half), text.substr(half), {.max_length = limit});
  require(static_cast<int>(pair.size()) <= limit);
  return whole;
}

}  // namespace frugal::fuzz

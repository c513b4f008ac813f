#include "frugal/generate/text_stream.h"

#include <algorithm>

namespace frugal {
namespace {

constexpr std::string_view kBroken = "\xEF\xBF\xBD";  // U+FFFD: bytes that are no character yet

// How much of the text no later token changes.
size_t settled_length(std::string_view text, std::span<const std::string> stops) {
  while (text.ends_with(kBroken)) text.remove_suffix(kBroken.size());
  size_t settled = text.size();
  for (const std::string& stop : stops)
    for (size_t n = std::min(stop.size() - 1, text.size()); n > 0; --n)
      if (text.ends_with(std::string_view(stop).substr(0, n))) {
        settled = std::min(settled, text.size() - n);
        break;
      }
  return settled;
}

}  // namespace

std::string generated_text(const Tokenizer& tokenizer, std::span<const int32_t> ids) {
  std::vector<int32_t> known;
  for (int32_t id : ids)
    if (id >= 0 && id < tokenizer.vocab_size()) known.push_back(id);
  return tokenizer.decode(known);
}

size_t stop_position(std::string_view text, std::span<const std::string> stops) {
  size_t first = text.size();
  for (const std::string& stop : stops) first = std::min(first, text.find(stop));
  return first;
}

StopTest make_stop_test(std::shared_ptr<const Tokenizer> tokenizer, std::vector<std::string> stops) {
  if (stops.empty()) return {};
  return [tokenizer = std::move(tokenizer), stops = std::move(stops)](std::span<const int32_t> ids) {
    const std::string text = generated_text(*tokenizer, ids);
    return stop_position(text, stops) < text.size();
  };
}

std::string TextStream::piece_of(std::span<const int32_t> ids, bool last) {
  const std::string text = generated_text(*tokenizer_, ids);
  size_t end = stop_position(text, stops_);
  if (!last && end == text.size()) end = settled_length(text, stops_);
  if (end <= given_) return {};
  std::string piece = text.substr(given_, end - given_);
  given_ = end;
  return piece;
}

}  // namespace frugal

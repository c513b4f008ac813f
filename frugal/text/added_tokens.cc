#include "frugal/text/added_tokens.h"

#include <algorithm>
#include <cstring>

#include "frugal/text/bert_normalizer.h"
#include "frugal/text/unicode.h"
#include "frugal/text/utf8.h"

namespace frugal {
namespace {

// The character that ends at text[end]; broken bytes are U+FFFD.
char32_t char_before(std::string_view text, size_t end) {
  size_t from = end - 1;
  while (from > 0 && end - from < 4 && (static_cast<uint8_t>(text[from]) & 0xc0) == 0x80) --from;
  const Utf8Char c = read_utf8(text.data() + from, text.data() + end);
  return from + c.size == end ? c.code : 0xfffd;
}

bool word_before(std::string_view text, size_t end) {
  return end > 0 && is_word_character(char_before(text, end));
}

bool word_after(std::string_view text, size_t at) {
  return at < text.size() && is_word_character(read_utf8(text.data() + at, text.data() + text.size()).code);
}

size_t skip_blanks_back(std::string_view text, size_t end, size_t least) {
  while (end > least) {
    const char32_t c = char_before(text, end);
    if (!is_blank(c)) break;
    char bytes[4];
    end -= static_cast<size_t>(write_utf8(c, bytes));
  }
  return std::max(end, least);
}

size_t skip_blanks(std::string_view text, size_t at) {
  while (at < text.size()) {
    const Utf8Char c = read_utf8(text.data() + at, text.data() + text.size());
    if (!is_blank(c.code)) break;
    at += c.size;
  }
  return at;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens, const std::vector<std::string>& patterns)
    : tokens_(std::move(tokens)) {
  std::vector<std::pair<std::string_view, int32_t>> numbered;
  for (size_t i = 0; i < patterns.size(); ++i)
    if (!patterns[i].empty()) numbered.emplace_back(patterns[i], static_cast<int32_t>(i));
  std::stable_sort(numbered.begin(), numbered.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  // Of tokens that look alike the first one counts.
  numbered.erase(std::unique(numbered.begin(), numbered.end(),
                             [](const auto& a, const auto& b) { return a.first == b.first; }),
                 numbered.end());
  for (const auto& [pattern, number] : numbered)
    if (first_bytes_.empty() || first_bytes_.back() != pattern[0]) first_bytes_ += pattern[0];
  for (const char byte : first_bytes_) starts_[static_cast<uint8_t>(byte)] = true;
  trie_ = PieceTrie(std::move(numbered));
}

AddedTokens::Found AddedTokens::find(std::string_view text, size_t from) const {
  for (size_t at = from; at < text.size();) {
    if (first_bytes_.size() == 1) {
      const void* hit = std::memchr(text.data() + at, first_bytes_[0], text.size() - at);
      at = hit ? static_cast<size_t>(static_cast<const char*>(hit) - text.data()) : text.size();
    } else {
      while (at < text.size() && !starts_[static_cast<uint8_t>(text[at])]) ++at;
    }
    const PieceTrie::Match match = trie_.longest(PieceTrie::kRoot, text.substr(at));
    if (match.number == PieceTrie::kNone) {
      ++at;
      continue;
    }
    const AddedToken& token = tokens_[static_cast<size_t>(match.number)];
    size_t begin = at, end = at + match.size;
    at = end;
    if (token.single_word && (word_before(text, begin) || word_after(text, end))) continue;
    if (token.left_strip) begin = skip_blanks_back(text, begin, from);
    if (token.right_strip) end = skip_blanks(text, end);
    return {&token, begin, end};
  }
  return {nullptr, text.size(), text.size()};
}

}  // namespace frugal

// Splits a text into normalised words in one pass, without an allocation a word.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "frugal/text/code_point_table.h"
#include "frugal/text/utf8.h"

namespace frugal {

// One normalised word. Longer words than the vocabulary's limit come without bytes: they are unknown anyway.
struct Word {
  std::string_view bytes;
  const Span* sources;  // of each byte; null when nobody asked
  Span source;          // of the word, when asked
  bool too_long;
};

// Memory of one call: the word so far.
class WordBuffer {
 public:
  WordBuffer(uint32_t most_chars, bool sources) : most_(most_chars), bytes_(4 * size_t{most_chars} + 32) {
    if (sources) sources_.resize(bytes_.size());
  }

  bool empty() const { return chars_ == 0; }
  void clear() { chars_ = size_ = 0; }

  template <bool kSources>
  void put_ascii(char byte, Span source) {
    if (chars_ < most_) {
      bytes_[size_] = byte;
      if constexpr (kSources) sources_[size_] = source;
      ++size_;
    }
    if constexpr (kSources) note(source);
    ++chars_;
  }

  // `text` has `chars` characters, at most 31 bytes.
  template <bool kSources>
  void put(const char* text, uint32_t size, uint32_t chars, Span source) {
    if (chars_ < most_) {
      for (uint32_t i = 0; i < size; ++i) bytes_[size_ + i] = text[i];
      if constexpr (kSources) std::fill_n(&sources_[size_], size, source);
      size_ += size;
    }
    if constexpr (kSources) note(source);
    chars_ += chars;
  }

  Word word() const {
    const bool too_long = chars_ > most_;
    return {{bytes_.data(), too_long ? 0 : size_},
            sources_.empty() ? nullptr : sources_.data(),
            source_,
            too_long};
  }

 private:
  void note(Span source) {
    if (chars_ == 0) source_.first = source.first;
    source_.second = source.second;
  }

  uint32_t most_;
  uint32_t chars_ = 0;
  uint32_t size_ = 0;
  Span source_;
  std::vector<char> bytes_;
  std::vector<Span> sources_;
};

// Two or three letters (U+1100...) of a Hangul syllable, as Unicode 3.12 computes them.
template <bool kSources>
void put_hangul(char32_t syllable, Span source, WordBuffer& buffer) {
  const char32_t index = syllable - 0xac00;
  char text[9];
  int size = write_utf8(0x1100 + index / 588, text);
  size += write_utf8(0x1161 + index % 588 / 28, text + size);
  const bool final = index % 28 != 0;
  if (final) size += write_utf8(0x11a7 + index % 28, text + size);
  buffer.put<kSources>(text, static_cast<uint32_t>(size), final ? 3 : 2, source);
}

enum class SplitEnd { done, stopped, rare };

// Calls on_word(const Word&) -> bool for each word, until it returns false (stopped). `rare`: met a character
// that the table cannot decide alone; words already handed out are to be forgotten. Spans count from `base`.
template <bool kSources, class OnWord>
SplitEnd split_words(std::string_view text, uint32_t base, const CodePointTable& table, WordBuffer& buffer,
                     OnWord&& on_word) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto finish = [&] {
    if (buffer.empty()) return true;
    const bool more = on_word(buffer.word());
    buffer.clear();
    return more;
  };
  for (const char* at = begin; at != end;) {
    const auto from = static_cast<uint32_t>(base + (at - begin));
    if (const auto byte = static_cast<uint8_t>(*at); byte < 128) {
      const uint16_t action = table.ascii(byte);
      const Span source{from, from + 1};
      ++at;
      switch (action >> 8) {
        case CodePointTable::copy:
          buffer.put_ascii<kSources>(static_cast<char>(action), source);
          break;
        case CodePointTable::blank:
          if (!finish()) return SplitEnd::stopped;
          break;
        case CodePointTable::isolate:
          if (!finish()) return SplitEnd::stopped;
          buffer.put_ascii<kSources>(static_cast<char>(action), source);
          if (!finish()) return SplitEnd::stopped;
          break;
        default:  // drop
          break;
      }
      continue;
    }
    const Utf8Char c = read_utf8(at, end);
    const CodePointTable::Entry entry = table[c.code];
    const Span source{from, from + c.size};
    const char* const bytes = c.valid ? at : "\xef\xbf\xbd";
    const uint32_t size = c.valid ? c.size : 3;
    at += c.size;
    switch (entry.kind()) {
      case CodePointTable::copy:
        buffer.put<kSources>(bytes, size, 1, source);
        break;
      case CodePointTable::map:
        buffer.put<kSources>(table.text(entry), entry.size(), entry.chars(), source);
        break;
      case CodePointTable::hangul:
        put_hangul<kSources>(c.code, source, buffer);
        break;
      case CodePointTable::drop:
        break;
      case CodePointTable::blank:
        if (!finish()) return SplitEnd::stopped;
        break;
      case CodePointTable::isolate:
      case CodePointTable::isolate_map: {
        if (!finish()) return SplitEnd::stopped;
        const bool mapped = entry.kind() == CodePointTable::isolate_map;
        buffer.put<kSources>(mapped ? table.text(entry) : bytes, mapped ? entry.size() : size, 1, source);
        if (!finish()) return SplitEnd::stopped;
        break;
      }
      case CodePointTable::rare:
        buffer.clear();
        return SplitEnd::rare;
    }
  }
  return finish() ? SplitEnd::done : SplitEnd::stopped;
}

// The same from characters that normalize() made.
template <class OnWord>
SplitEnd split_words(const std::vector<SourcedChar>& chars, WordBuffer& buffer, OnWord&& on_word) {
  const auto finish = [&] {
    if (buffer.empty()) return true;
    const bool more = on_word(buffer.word());
    buffer.clear();
    return more;
  };
  for (const SourcedChar& c : chars) {
    const bool alone = is_punctuation(c.code);
    if ((alone || is_blank(c.code)) && !finish()) return SplitEnd::stopped;
    if (is_blank(c.code)) continue;
    char text[4];
    buffer.put<true>(text, static_cast<uint32_t>(write_utf8(c.code, text)), 1, c.source);
    if (alone && !finish()) return SplitEnd::stopped;
  }
  return finish() ? SplitEnd::done : SplitEnd::stopped;
}

}  // namespace frugal

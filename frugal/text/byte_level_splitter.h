// Splits a text into words by the patterns of byte-level BPE, in one pass. Every byte of the text is in
// exactly one word.
//
// split_gpt2 (A. Radford et al., "Language models are unsupervised multitask learners", 2019); a word takes
// the one blank before it along:
//
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//
// split_gpt4 (OpenAI's tiktoken, "cl100k_base", 2022; Llama 3 too, and Qwen2 with single digits); letters
// take along any one character that is neither a number nor an end of line, and numbers stand alone:
//
//   (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|
//   \s+(?!\S)|\s+
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "frugal/text/char_class.h"
#include "frugal/text/utf8.h"

namespace frugal {

enum class ByteLevelSplit { done, stopped, broken };

// The length of 's 't 'm 'd 're 've 'll at `at`, which is an apostrophe, or 0.
inline size_t short_form(const char* at, const char* end) {
  if (end - at < 2) return 0;
  const char a = at[1], b = end - at > 2 ? at[2] : '\0';
  if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
  return (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l') ? 3 : 0;
}

// The same in either case; a long s (U+017F) is an s.
inline size_t short_form_any_case(const char* at, const char* end) {
  if (end - at >= 3 && at[1] == '\xc5' && at[2] == '\xbf') return 3;
  char lower[3];
  const auto size = std::min<std::ptrdiff_t>(end - at, 3);
  for (std::ptrdiff_t i = 0; i < size; ++i)
    lower[i] = at[i] >= 'A' && at[i] <= 'Z' ? static_cast<char>(at[i] + ('a' - 'A')) : at[i];
  return short_form(lower, lower + size);
}

// Reads characters with their classes.
class ClassReader {
 public:
  ClassReader(std::string_view text, const CharClasses& classes)
      : classes_(classes), end_(text.data() + text.size()) {}

  const char* end() const { return end_; }
  bool broken() const { return broken_; }  // met bytes that are no UTF-8
  // The class of the character at p < end, and its size.
  CharClass look(const char* p, uint32_t& size) {
    if (const auto byte = static_cast<uint8_t>(*p); byte < 0x80) {
      size = 1;
      return classes_.ascii(byte);
    }
    const Utf8Char c = read_utf8(p, end_);
    broken_ |= !c.valid;
    size = c.size;
    return classes_[c.code];
  }
  // Where a run of `kind` that goes on at p ends. `last`: where its last character starts, unless there is
  // none.
  const char* run(const char* p, CharClass kind, const char*& last) {
    uint32_t size;
    while (p != end_ && look(p, size) == kind) {
      last = p;
      p += size;
    }
    return p;
  }

 private:
  const CharClasses& classes_;
  const char* const end_;
  bool broken_ = false;
};

// `next(reader, at)` is where the word ends that begins at `at`. Calls on_word(std::string_view) -> bool for
// each word, until it returns false (stopped). `broken`: met bytes that are no UTF-8; words already handed
// out are to be forgotten.
template <class Next, class OnWord>
ByteLevelSplit split_byte_level(std::string_view text, const CharClasses& classes, Next&& next,
                                OnWord&& on_word) {
  ClassReader reader(text, classes);
  for (const char* at = text.data(); at != reader.end();) {
    const char* const begin = at;
    at = next(reader, begin);
    if (reader.broken()) return ByteLevelSplit::broken;
    if (!on_word(std::string_view(begin, static_cast<size_t>(at - begin)))) return ByteLevelSplit::stopped;
  }
  return ByteLevelSplit::done;
}

template <class OnWord>
ByteLevelSplit split_gpt2(std::string_view text, const CharClasses& classes, OnWord&& on_word) {
  const auto next = [](ClassReader& reader, const char* begin) {
    const char* const end = reader.end();
    if (const size_t form = *begin == '\'' ? short_form(begin, end) : 0; form > 0) return begin + form;
    uint32_t size;
    CharClass kind = reader.look(begin, size);
    const char* at = begin + size;
    if (*begin == ' ' && at != end) {
      if (const CharClass after = reader.look(at, size); after != CharClass::space) {
        kind = after;
        at += size;
      }
    }
    const char* last = begin;
    at = reader.run(at, kind, last);
    // Blanks leave the last of them to the word that follows, unless it is alone.
    return kind == CharClass::space && at != end && last != begin ? last : at;
  };
  return split_byte_level(text, classes, next, on_word);
}

// A number has at most `most_digits` characters.
template <class OnWord>
ByteLevelSplit split_gpt4(std::string_view text, const CharClasses& classes, int most_digits,
                          OnWord&& on_word) {
  const auto ends_line = [](char c) { return c == '\r' || c == '\n'; };
  const auto next = [=](ClassReader& reader, const char* begin) {
    const char* const end = reader.end();
    if (const size_t form = *begin == '\'' ? short_form_any_case(begin, end) : 0; form > 0)
      return begin + form;
    uint32_t size, after_size = 0;
    const CharClass kind = reader.look(begin, size);
    const char *at = begin + size, *last = begin;
    if (kind == CharClass::letter) return reader.run(at, kind, last);
    if (kind == CharClass::number) {
      for (int digits = 1; digits < most_digits && at != end && reader.look(at, size) == kind; ++digits)
        at += size;
      return at;
    }
    const CharClass after = at != end ? reader.look(at, after_size) : CharClass::space;
    if (after == CharClass::letter && !ends_line(*begin)) return reader.run(at, after, last);
    if (kind == CharClass::other || (*begin == ' ' && after == CharClass::other)) {
      at = reader.run(at, CharClass::other, last);
      while (at != end && ends_line(*at)) ++at;
      return at;
    }
    at = reader.run(at, kind, last);
    for (const char* line = at; line != begin; --line)
      if (ends_line(line[-1])) return line;
    return at != end && last != begin ? last : at;
  };
  return split_byte_level(text, classes, next, on_word);
}

}  // namespace frugal

// Splits a text into words by GPT-2's pattern, in one pass:
//
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//
// A. Radford et al., "Language models are unsupervised multitask learners", 2019. Every byte of the text is
// in exactly one word; a word takes the one blank before it along.
#pragma once

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

// Calls on_word(std::string_view) -> bool for each word, until it returns false (stopped). `broken`: met
// bytes that are no UTF-8; words already handed out are to be forgotten.
template <class OnWord>
ByteLevelSplit split_byte_level(std::string_view text, const CharClasses& classes, OnWord&& on_word) {
  const char* at = text.data();
  const char* const end = at + text.size();
  bool broken = false;
  // The class of the character at p < end, and its size.
  const auto look = [&](const char* p, uint32_t& size) {
    if (const auto byte = static_cast<uint8_t>(*p); byte < 0x80) {
      size = 1;
      return classes.ascii(byte);
    }
    const Utf8Char c = read_utf8(p, end);
    broken |= !c.valid;
    size = c.size;
    return classes[c.code];
  };
  while (at != end) {
    const char* const begin = at;
    const size_t form = *at == '\'' ? short_form(at, end) : 0;
    if (form > 0) {
      at += form;
    } else {
      uint32_t size;
      CharClass kind = look(at, size);
      at += size;
      if (*begin == ' ' && at != end) {
        if (const CharClass next = look(at, size); next != CharClass::space) {
          kind = next;
          at += size;
        }
      }
      const char* last = begin;  // where the run's last character starts
      while (at != end && look(at, size) == kind) {
        last = at;
        at += size;
      }
      // Blanks leave the last of them to the word that follows, unless it is alone.
      if (kind == CharClass::space && at != end && last != begin) at = last;
    }
    if (broken) return ByteLevelSplit::broken;
    if (!on_word(std::string_view(begin, static_cast<size_t>(at - begin)))) return ByteLevelSplit::stopped;
  }
  return ByteLevelSplit::done;
}

}  // namespace frugal

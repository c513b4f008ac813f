#include "frugal/text/unicode.h"

#include <utf8proc.h>

#include <algorithm>

namespace frugal {
namespace {

#include "frugal/text/unicode_ranges.inc"

constexpr CodePointRange kSpaces[] = {{0x9, 0xd},       {0x20, 0x20},     {0x85, 0x85},     {0xa0, 0xa0},
                                      {0x1680, 0x1680}, {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f},
                                      {0x205f, 0x205f}, {0x3000, 0x3000}};

// Extension E starts at 2B820; the library writes 2B920, and so must we.
constexpr CodePointRange kChinese[] = {{0x3400, 0x4dbf},   {0x4e00, 0x9fff},   {0xf900, 0xfaff},
                                       {0x20000, 0x2a6df}, {0x2a700, 0x2b73f}, {0x2b740, 0x2b81f},
                                       {0x2b920, 0x2ceaf}, {0x2f800, 0x2fa1f}};

// Capitals that Unicode 16 and 17 brought, or gave a partner (utf8proc 2.8 is Unicode 15), and the way to it.
constexpr CodePointRange kNewCapitals[] = {
    {0x1c89, 0x1c89}, {0xa7cb, 0xa7cb}, {0xa7cc, 0xa7cc}, {0xa7ce, 0xa7ce},   {0xa7d2, 0xa7d2},
    {0xa7d4, 0xa7d4}, {0xa7da, 0xa7da}, {0xa7dc, 0xa7dc}, {0x10d50, 0x10d65}, {0x16ea0, 0x16eb8}};
constexpr int32_t kToSmall[] = {1, 0x264 - 0xa7cb, 1, 1, 1, 1, 1, 0x19b - 0xa7dc, 0x20, 0x1b};

// Characters newer than Unicode 9 that decompose today.
constexpr CodePointRange kNewComposites[] = {{0x105c9, 0x105c9}, {0x105e4, 0x105e4}, {0x11383, 0x113c8},
                                             {0x11938, 0x11938}, {0x16121, 0x16128}, {0x16d68, 0x16d6a}};

}  // namespace

bool contains(std::span<const CodePointRange> ranges, char32_t code) {
  const auto after =
      std::upper_bound(ranges.begin(), ranges.end(), code,
                       [](char32_t c, const CodePointRange& range) { return c < range.first; });
  return after != ranges.begin() && code <= std::prev(after)->last;
}

std::span<const CodePointRange> control_ranges() { return kControls; }
std::span<const CodePointRange> mark_ranges() { return kMarks; }
std::span<const CodePointRange> punctuation_ranges() { return kPunctuation; }
std::span<const CodePointRange> space_ranges() { return kSpaces; }
std::span<const CodePointRange> chinese_ranges() { return kChinese; }
std::span<const CodePointRange> kept_non_starter_ranges() { return kKeptNonStarters; }
std::span<const CodePointRange> letter_ranges() { return kLetters; }
std::span<const CodePointRange> number_ranges() { return kNumbers; }
std::span<const CodePointRange> new_capital_ranges() { return kNewCapitals; }

CodePoints lower_case(char32_t code) {
  CodePoints out;
  if (code == 0x130) {  // the one capital whose lower case is two characters
    out.push('i');
    out.push(0x307);
    return out;
  }
  for (size_t i = 0; i < std::size(kNewCapitals); ++i)
    if (code >= kNewCapitals[i].first && code <= kNewCapitals[i].last)
      return out.push(static_cast<char32_t>(static_cast<int32_t>(code) + kToSmall[i])), out;
  out.push(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code))));
  return out;
}

CodePoints canonical_decomposition(char32_t code) {
  CodePoints out;
  utf8proc_int32_t codes[4];
  int boundary = 0;
  const auto count = contains(kNewComposites, code)
                         ? 0
                         : utf8proc_decompose_char(static_cast<utf8proc_int32_t>(code), codes, 4,
                                                   UTF8PROC_DECOMPOSE, &boundary);
  if (count <= 0 || count > 4) return out.push(code), out;  // four is the longest there is
  for (int i = 0; i < count; ++i) out.push(static_cast<char32_t>(codes[i]));
  return out;
}

int combining_class(char32_t code) {
  if (!contains(kMarks, code) && !contains(kKeptNonStarters, code)) return 0;
  return utf8proc_get_property(static_cast<utf8proc_int32_t>(code))->combining_class;
}

bool is_word_character(char32_t code) { return contains(kWordCharacters, code); }

}  // namespace frugal

// The four classes of characters that GPT-2's splitting pattern knows, one look-up a code point.
//
// Pages of 256 code points; equal pages are kept once (about 30 kB). Immutable once built; any thread may
// read.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace frugal {

enum class CharClass : uint8_t { other, letter, number, space };

class CharClasses {
 public:
  CharClasses();

  CharClass operator[](char32_t code) const { return classes_[page_[code >> 8] | (code & 0xff)]; }
  CharClass ascii(uint8_t byte) const { return classes_[byte]; }  // page 0 comes first

 private:
  std::array<uint32_t, 0x1100> page_;  // where the page starts in classes_
  std::vector<CharClass> classes_;
};

}  // namespace frugal

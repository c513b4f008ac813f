// What BERT's normalisation makes of each code point, worked out once: the tokenizer's inner loop is one
// look-up.
//
// 1.1 million code points in pages of 256; equal pages are kept once (about 0.3 MB). Building takes some
// milliseconds. Immutable afterwards.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "frugal/text/bert_normalizer.h"

namespace frugal {

class CodePointTable {
 public:
  enum Kind : uint8_t {
    copy,         // stays as it is
    map,          // becomes text()
    drop,         // goes without a trace
    blank,        // ends a word
    isolate,      // a word of its own, as it is
    isolate_map,  // a word of its own, as text()
    hangul,       // a syllable that falls into two or three letters
    rare,         // depends on its neighbours, or becomes a mixture: use normalize() for the whole text
  };

  // kind: 3 bits; bytes of text(): 5; where it starts: 22; characters of it: 2.
  struct Entry {
    uint32_t bits;
    Kind kind() const { return static_cast<Kind>(bits & 7); }
    uint32_t size() const { return bits >> 3 & 31; }
    uint32_t start() const { return bits >> 8 & 0x3fffff; }
    uint32_t chars() const { return (bits >> 30) + 1; }
  };

  explicit CodePointTable(const BertRules& rules);

  Entry operator[](char32_t code) const { return entries_[page_[code >> 8] | (code & 0xff)]; }
  const char* text(Entry entry) const { return pool_.data() + entry.start(); }

  // For ASCII: the byte it becomes, and its kind (copy also where it becomes a small letter) in the upper
  // half.
  uint16_t ascii(uint8_t byte) const { return ascii_[byte]; }

 private:
  Entry make(char32_t code, uint8_t traits, const BertRules& rules);

  std::array<uint32_t, 0x1100> page_;  // where the page starts in entries_
  std::vector<Entry> entries_;
  std::string pool_;
  std::array<uint16_t, 128> ascii_;
};

}  // namespace frugal

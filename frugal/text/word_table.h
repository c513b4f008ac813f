// Words that are one token, by their bytes: a hash table whose keys lie in the table.
//
// Words of up to 15 bytes are two machine words, compared at once; longer ones are rare. Immutable but for
// add(); any thread may read.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace frugal {

// The bytes of a word, then zeros; the last byte is the length.
struct WordKey {
  static constexpr size_t kMostBytes = 15;
  uint64_t low = 0, high = 0;

  bool operator==(const WordKey&) const = default;

  // Of a word of 1 to 15 bytes. Bytes from it to `end` may be read.
  static WordKey of(std::string_view word, const char* end);
};

// Ones over the first i bytes, the low ones of two machine words.
inline constexpr auto kWordMasks = [] {
  std::array<WordKey, WordKey::kMostBytes + 1> masks{};
  for (size_t size = 0; size < masks.size(); ++size)
    for (size_t i = 0; i < size; ++i)
      (i < 8 ? masks[size].low : masks[size].high) |= uint64_t{0xff} << i % 8 * 8;
  return masks;
}();

inline WordKey WordKey::of(std::string_view word, const char* end) {
  WordKey key;
  if (end - word.data() >= 16) {
    std::memcpy(&key, word.data(), 16);
    key.low &= kWordMasks[word.size()].low;
    key.high &= kWordMasks[word.size()].high;
  } else {
    std::memcpy(&key, word.data(), word.size());
  }
  key.high |= static_cast<uint64_t>(word.size()) << 56;
  return key;
}

class WordTable {
 public:
  explicit WordTable(size_t words = 0) {
    for (size_t slots = 16; slots < 2 * words; slots *= 2) --shift_;
    slots_.resize(size_t{1} << (64 - shift_));
  }

  // Each word once, at most as many as were announced, none empty. Those added first are found fastest.
  void add(std::string_view word, int32_t id) {
    if (word.size() > WordKey::kMostBytes) {
      long_.emplace(word, id);
      return;
    }
    const WordKey key = WordKey::of(word, word.data() + word.size());
    size_t at = place(key);
    while (slots_[at].id >= 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {key, id};
  }

  // -1: not there. The word is not empty; bytes from it to `end` may be read.
  int32_t find(std::string_view word, const char* end) const {
    if (word.size() > WordKey::kMostBytes) {
      const auto found = long_.find(std::string(word));
      return found == long_.end() ? -1 : found->second;
    }
    const WordKey key = WordKey::of(word, end);
    for (size_t at = place(key);; at = (at + 1) & (slots_.size() - 1))
      if (slots_[at].key == key || slots_[at].id < 0) return slots_[at].id;
  }

 private:
  struct Slot {
    WordKey key;
    int32_t id = -1;
  };

  size_t place(const WordKey& key) const {
    const uint64_t mixed = key.low ^ (key.high * 0xd6e8feb86659fd93);
    return ((mixed ^ mixed >> 32) * 0x9e3779b97f4a7c15) >> shift_;
  }

  std::vector<Slot> slots_;
  int shift_ = 60;
  std::unordered_map<std::string, int32_t> long_;
};

}  // namespace frugal

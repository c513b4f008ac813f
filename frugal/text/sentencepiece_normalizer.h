// Text to what a SentencePiece model splits: characters replaced, blanks collapsed and marked.
//
// Byte for byte what the sentencepiece library's Normalizer gives, for any rules. The result is UTF-8
// whatever the text is: a byte that is none becomes U+FFFD. Immutable; any thread may use it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "frugal/text/chars_map.h"
#include "frugal/text/piece_trie.h"
#include "frugal/text/sentencepiece_model.h"

namespace frugal {

class SentencePieceNormalizer {
 public:
  // `kept` are pieces that stand in the text as they are and escape the rules (the model's user-defined
  // ones).
  SentencePieceNormalizer(const SentencePieceRules& rules, const std::vector<std::string_view>& kept,
                          const std::string& where);

  // Whether a text starts, or goes on after a token of its own: then no blank is put before it, and one
  // that is there stays.
  enum class At { start, middle };

  // Sets `out`; and `origins`, unless null: for each byte of it, where in the text the character starts that
  // it came from, and where the last one ends.
  void normalize(std::string_view text, At at, std::string& out, std::vector<uint32_t>* origins) const;

 private:
  struct Replaced {
    std::string_view by;
    size_t size;  // of what is replaced
  };
  // What becomes of an ASCII character that another one or the end follows.
  enum class Ascii : uint8_t { rules, stays, blank };

  Replaced replace(std::string_view text) const;
  size_t ascii_run(std::string_view text, size_t at, Ascii kind) const;
  template <bool kOrigins>
  void run(std::string_view text, At at, std::string& out, std::vector<uint32_t>& origins) const;

  CharsMap map_;
  PieceTrie kept_;
  bool keeps_ = false;
  bool dummy_prefix_, remove_extra_, suffix_;
  std::string_view blank_;  // as it is written
  std::array<Ascii, 128> ascii_{};
};

}  // namespace frugal

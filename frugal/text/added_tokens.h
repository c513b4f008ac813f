// Tokens that are found in a text as they stand, before it is split into words: [MASK], [SEP], added words.
//
// As AddedVocabulary of the `tokenizers` library: at each place the longest token wins, scanning from the
// left.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "frugal/text/piece_trie.h"

namespace frugal {

struct AddedToken {
  int32_t id = -1;
  std::string content;
  bool special = true;       // left out by decode(skip_special)
  bool normalized = false;   // looked for in the normalised text
  bool single_word = false;  // only between characters that are no letters or digits
  bool left_strip = false;   // takes the blanks before it along
  bool right_strip = false;
};

class AddedTokens {
 public:
  AddedTokens() = default;
  // `patterns` are what to look for, one a token; empty ones are never found.
  AddedTokens(std::vector<AddedToken> tokens, const std::vector<std::string>& patterns);

  bool empty() const { return tokens_.empty(); }

  struct Found {
    const AddedToken* token;  // null: nothing more
    size_t begin, end;
  };
  // The first token in text[from, ...). Blanks before `from` are never taken along.
  Found find(std::string_view text, size_t from) const;

  // Calls on_text(begin, end) for each stretch without tokens and on_token(token, begin, end) for each token,
  // in order, until one returns false.
  template <class OnText, class OnToken>
  bool split(std::string_view text, OnText&& on_text, OnToken&& on_token) const {
    size_t done = 0;
    while (!tokens_.empty()) {
      const Found found = find(text, done);
      if (!found.token) break;
      if (done < found.begin && !on_text(done, found.begin)) return false;
      if (!on_token(*found.token, found.begin, found.end)) return false;
      done = found.end;
    }
    return done == text.size() || on_text(done, text.size());
  }

 private:
  std::vector<AddedToken> tokens_;
  PieceTrie trie_;                  // numbers are indices of tokens_
  std::string first_bytes_;         // of all patterns, each once
  std::array<bool, 256> starts_{};  // the same as a table
};

}  // namespace frugal

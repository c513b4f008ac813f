// The pieces of a vocabulary by number, and their numbers by piece.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frugal/text/piece_trie.h"

namespace frugal {

class Vocab {
 public:
  // pieces[i] has number i. Throws when it is empty, when two pieces are the same or one is not UTF-8;
  // `where` names the file.
  Vocab(std::vector<std::string> pieces, const std::string& where);

  int size() const { return static_cast<int>(pieces_.size()); }
  const std::vector<std::string>& pieces() const { return pieces_; }
  const std::string& piece(int32_t id) const { return pieces_[static_cast<size_t>(id)]; }
  std::optional<int32_t> id_of(std::string_view piece) const;
  const PieceTrie& trie() const { return trie_; }

 private:
  std::vector<std::string> pieces_;
  PieceTrie trie_;
  int32_t empty_id_ = -1;  // the empty piece has a number, but no place in the trie
};

}  // namespace frugal

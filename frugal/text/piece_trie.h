// A set of byte strings with numbers, for the longest one that starts a given text (a double-array trie).
//
// J. Aoe, "An efficient digital search algorithm by using a double-array structure", 1989. Twelve bytes a
// node; one look-up a byte of text. Immutable; any thread may read.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace frugal {

class PieceTrie {
 public:
  using Node = uint32_t;
  static constexpr Node kRoot = 0;
  static constexpr int32_t kNone = -1;

  PieceTrie() : PieceTrie(std::vector<std::pair<std::string_view, int32_t>>{}) {}
  // Different strings, each with its number >= 0. The empty string is left out.
  explicit PieceTrie(std::vector<std::pair<std::string_view, int32_t>> pieces);

  // The node after `byte`, or kRoot when no string goes on like that.
  Node next(Node node, char byte) const {
    const Node to = cells_[node].base ^ static_cast<uint8_t>(byte);
    return cells_[to].parent == node ? to : kRoot;
  }
  Node walk(Node node, std::string_view bytes) const;              // kRoot when it leads nowhere
  int32_t number(Node node) const { return cells_[node].number; }  // kNone inside a string

  int32_t find(std::string_view piece) const;  // exactly this string, or kNone

  struct Match {
    int32_t number = kNone;
    size_t size = 0;
  };
  // The longest string, of one byte or more, that continues `from` and starts `text`.
  Match longest(Node from, std::string_view text) const {
    Match best;
    for (size_t i = 0; i < text.size(); ++i) {
      from = next(from, text[i]);
      if (from == kRoot) break;
      if (const int32_t found = cells_[from].number; found != kNone) best = {found, i + 1};
    }
    return best;
  }

 private:
  struct Cell {
    uint32_t base;
    uint32_t parent;  // kFree: the cell holds no node
    int32_t number;
  };
  static constexpr uint32_t kFree = 0xffffffff;
  static constexpr size_t kBlock = 256;  // cells: one for each byte

  uint32_t place(std::span<const uint8_t> bytes);
  void add_end(Node node, std::string_view bytes, int32_t number);

  std::vector<Cell> cells_;
  uint32_t first_free_ = 1;  // while building: where a node with one child is tried
  uint32_t wide_free_ = 1;   // and one with several
};

}  // namespace frugal

#include "frugal/text/piece_trie.h"

#include <algorithm>
#include <cassert>

namespace frugal {
namespace {

// Strings sorted[first, last) share their first `depth` bytes, which lead to `node`.
struct Task {
  size_t first, last, depth;
  PieceTrie::Node node;
};

}  // namespace

// A base from which every byte leads to a free cell. One byte fits the first free cell; for several a few
// cells are tried, and those in vain never again, so that building stays linear in the number of nodes
// whatever the strings.
uint32_t PieceTrie::place(std::span<const uint8_t> bytes) {
  const auto is_free = [&](uint32_t cell) { return cells_[cell].parent == kFree; };
  uint32_t& cursor = bytes.size() == 1 ? first_free_ : wide_free_;
  constexpr int kTries = 32;
  for (int tries = 0; tries < kTries && cursor < cells_.size(); ++cursor) {
    if (!is_free(cursor)) continue;
    const uint32_t base = cursor ^ bytes[0];
    if (std::all_of(bytes.begin(), bytes.end(), [&](uint8_t byte) { return is_free(base ^ byte); }))
      return base;
    ++tries;
  }
  const auto base = static_cast<uint32_t>(cells_.size());
  cells_.resize(cells_.size() + kBlock, {0, kFree, kNone});
  return base;
}

// What follows `node` in one string only.
void PieceTrie::add_end(Node node, std::string_view bytes, int32_t number) {
  for (const char& byte : bytes) {
    const uint32_t base = place({reinterpret_cast<const uint8_t*>(&byte), 1});
    cells_[node].base = base;
    const Node child = base ^ static_cast<uint8_t>(byte);
    cells_[child].parent = node;
    node = child;
  }
  cells_[node].number = number;
}

PieceTrie::PieceTrie(std::vector<std::pair<std::string_view, int32_t>> pieces) {
  if (!std::is_sorted(pieces.begin(), pieces.end())) std::sort(pieces.begin(), pieces.end());
  size_t bytes_in_all = 0;  // at least as many as nodes; what is not used is not touched
  for (const auto& [piece, number] : pieces) bytes_in_all += piece.size();
  cells_.reserve(bytes_in_all + 2 * kBlock);
  cells_.resize(kBlock, {0, kFree, kNone});
  cells_[kRoot].parent = kRoot;  // taken, so that it never becomes a child
  std::vector<Task> tasks;
  if (!pieces.empty()) tasks.push_back({0, pieces.size(), 0, kRoot});
  while (!tasks.empty()) {
    Task task = tasks.back();
    tasks.pop_back();
    if (pieces[task.first].first.size() == task.depth) {
      assert(task.node == kRoot || task.first + 1 == task.last ||
             pieces[task.first + 1].first.size() > task.depth);  // the caller refuses duplicates
      if (task.node != kRoot) cells_[task.node].number = pieces[task.first].second;
      if (++task.first == task.last) continue;
    }
    if (task.first + 1 == task.last) {  // seven in ten nodes of BERT's vocabulary are such ends
      add_end(task.node, pieces[task.first].first.substr(task.depth), pieces[task.first].second);
      continue;
    }
    uint8_t bytes[256];
    size_t starts[257], count = 0;
    for (size_t i = task.first; i < task.last; ++i) {
      const auto byte = static_cast<uint8_t>(pieces[i].first[task.depth]);
      if (count == 0 || bytes[count - 1] != byte) bytes[count] = byte, starts[count++] = i;
    }
    starts[count] = task.last;
    const uint32_t base = place({bytes, count});
    cells_[task.node].base = base;
    for (size_t i = 0; i < count; ++i) {
      cells_[base ^ bytes[i]].parent = task.node;
      tasks.push_back({starts[i], starts[i + 1], task.depth + 1, base ^ bytes[i]});
    }
  }
}

PieceTrie::Node PieceTrie::walk(Node node, std::string_view bytes) const {
  for (const char byte : bytes) {
    node = next(node, byte);
    if (node == kRoot) break;
  }
  return node;
}

int32_t PieceTrie::find(std::string_view piece) const {
  return piece.empty() ? kNone : number(walk(kRoot, piece));  // the root has no number
}

}  // namespace frugal

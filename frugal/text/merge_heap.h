// Merging a long row of symbols pair by pair, the earliest merge first and from the left: what byte-level BPE
// and SentencePiece's share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

namespace frugal {

struct MergeSymbol {
  int32_t id;  // not negative
  uint32_t begin, end;
};

struct PairMerge {
  static constexpr uint32_t kNever = 0xffffffff;  // the rank of a pair that is not merged

  uint32_t rank = kNever;
  int32_t result = -1;
};

// `merge_of(left id, right id)` gives the PairMerge of two neighbours. `on_candidate(left id, right id,
// merge)` hears of each pair that could be merged when it comes about. Returns how many symbols are left, at
// the front. A heap of candidates: n symbols take O(n log n) whatever the merges are.
template <class MergeOf, class OnCandidate>
size_t merge_by_heap(MergeSymbol* symbols, size_t count, MergeOf&& merge_of, OnCandidate&& on_candidate) {
  constexpr uint32_t kNone = 0xffffffff;
  // Symbols are a linked list in place; an entry of the heap whose pair is gone is recognised by its rank.
  std::vector<uint32_t> before(count), after(count);
  std::vector<uint64_t> candidates;  // rank, then place: the smallest comes first
  const auto offer = [&](uint32_t left, uint32_t right, auto&& push) {
    const PairMerge merge = merge_of(symbols[left].id, symbols[right].id);
    if (merge.rank == PairMerge::kNever) return;
    on_candidate(symbols[left].id, symbols[right].id, merge);
    push(static_cast<uint64_t>(merge.rank) << 32 | left);
  };
  for (uint32_t i = 0; i < count; ++i) {
    before[i] = i == 0 ? kNone : i - 1;
    after[i] = i + 1 == count ? kNone : i + 1;
    if (after[i] != kNone) offer(i, i + 1, [&](uint64_t entry) { candidates.push_back(entry); });
  }
  std::priority_queue heap(std::greater<>(), std::move(candidates));
  const auto push = [&](uint64_t entry) { heap.push(entry); };
  while (!heap.empty()) {
    const uint64_t top = heap.top();
    heap.pop();
    const auto left = static_cast<uint32_t>(top);
    const uint32_t right = after[left];
    if (symbols[left].id < 0 || right == kNone) continue;
    const PairMerge merge = merge_of(symbols[left].id, symbols[right].id);
    if (merge.rank != top >> 32) continue;
    symbols[left] = {merge.result, symbols[left].begin, symbols[right].end};
    symbols[right].id = -1;
    after[left] = after[right];
    if (after[left] != kNone) before[after[left]] = left;
    if (before[left] != kNone) offer(before[left], left, push);
    if (after[left] != kNone) offer(left, after[left], push);
  }
  return static_cast<size_t>(
      std::remove_if(symbols, symbols + count, [](const MergeSymbol& symbol) { return symbol.id < 0; }) -
      symbols);
}

}  // namespace frugal

#include "frugal/text/bpe.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <unordered_map>

#include "frugal/text/byte_alphabet.h"

namespace frugal {

Bpe::Bpe(const BpeSpec& spec)
    : byte_ids_(256, -1),
      byte_merges_(256 * 256),
      words_(spec.pieces.size()),
      unknown_(spec.unknown),
      fuse_unknown_(spec.fuse_unknown) {
  std::vector<std::optional<std::string>> bytes;
  for (const std::string& piece : spec.pieces) bytes.push_back(chars_to_bytes(piece));
  for (size_t id = 0; id < bytes.size(); ++id)
    if (bytes[id] && bytes[id]->size() == 1)
      byte_ids_[static_cast<uint8_t>((*bytes[id])[0])] = static_cast<int32_t>(id);
  knows_all_bytes_ = std::find(byte_ids_.begin(), byte_ids_.end(), -1) == byte_ids_.end();

  // Of a pair that is given twice the later merge counts, as for everybody who puts them into a map.
  for (size_t rank = 0; rank < spec.merges.size(); ++rank) {
    const BpeMerge& merge = spec.merges[rank];
    merges_[PairMap<Merge>::key(merge.left, merge.right)] = {static_cast<uint32_t>(rank), merge.result};
  }
  if (knows_all_bytes_)
    for (size_t left = 0; left < 256; ++left)
      for (size_t right = 0; right < 256; ++right)
        byte_merges_[left << 8 | right] = merge_of(byte_ids_[left], byte_ids_[right]);

  // Merging does not make every piece out of its own bytes: words of such pieces are not whole.
  std::vector<int32_t> ids;
  for (size_t id = 0; id < bytes.size(); ++id) {
    if (!bytes[id] || bytes[id]->empty()) continue;
    ids.clear();
    if (!spec.ignore_merges) append_merged(*bytes[id], ids, nullptr);
    if (spec.ignore_merges || (ids.size() == 1 && ids[0] == static_cast<int32_t>(id)))
      words_.add(*bytes[id], static_cast<int32_t>(id));
  }
}

void Bpe::append_merged(std::string_view word, std::vector<int32_t>& ids, Spans* spans) const {
  Symbol few[kShort];
  std::vector<Symbol> many;
  Symbol* symbols = few;
  if (word.size() > kShort) {
    many.resize(word.size());
    symbols = many.data();
  }
  size_t count = split(word, symbols);
  count = word.size() > kShort ? merge_long(symbols, count) : merge_short(word, symbols, count);
  for (size_t i = 0; i < count; ++i) {
    ids.push_back(symbols[i].id);
    if (spans) spans->emplace_back(symbols[i].begin, symbols[i].end);
  }
}

size_t Bpe::split(std::string_view word, Symbol* symbols) const {
  size_t count = 0;
  for (uint32_t i = 0; i < word.size(); ++i) {
    const int32_t id = byte_ids_[static_cast<uint8_t>(word[i])];
    const bool fuses = id < 0 && fuse_unknown_ && count > 0 && symbols[count - 1].end == i &&
                       byte_ids_[static_cast<uint8_t>(word[i - 1])] < 0;
    if (fuses) {
      symbols[count - 1].end = i + 1;
    } else if (id >= 0 || unknown_ >= 0) {
      symbols[count++] = {id >= 0 ? id : unknown_, i, i + 1};
    }
  }
  return count;
}

size_t Bpe::merge_short(std::string_view word, Symbol* symbols, size_t count) const {
  Merge merges[kShort];  // of symbols i and i + 1
  for (size_t i = 0; i + 1 < count; ++i)
    merges[i] = knows_all_bytes_ ? byte_merges_[static_cast<size_t>(static_cast<uint8_t>(word[i])) << 8 |
                                                static_cast<uint8_t>(word[i + 1])]
                                 : merge_of(symbols[i].id, symbols[i + 1].id);
  while (count > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < count; ++i)
      if (merges[i].rank < merges[best].rank) best = i;
    if (merges[best].rank == kNever) break;
    symbols[best] = {merges[best].result, symbols[best].begin, symbols[best + 1].end};
    --count;
    for (size_t i = best + 1; i < count; ++i) {
      symbols[i] = symbols[i + 1];
      merges[i - 1] = merges[i];
    }
    if (best > 0) merges[best - 1] = merge_of(symbols[best - 1].id, symbols[best].id);
    if (best + 1 < count) merges[best] = merge_of(symbols[best].id, symbols[best + 1].id);
  }
  return count;
}

// Symbols are a linked list in place; an entry of the heap whose pair is gone is recognised by its rank.
size_t Bpe::merge_long(Symbol* symbols, size_t count) const {
  constexpr uint32_t kNone = 0xffffffff;
  std::vector<uint32_t> before(count), after(count);
  std::vector<uint64_t> candidates;  // rank, then place: the smallest comes first
  const auto candidate = [&](uint32_t left, uint32_t right) {
    const uint32_t rank = merge_of(symbols[left].id, symbols[right].id).rank;
    return static_cast<uint64_t>(rank) << 32 | left;
  };
  const auto is_merge = [](uint64_t entry) { return entry >> 32 != kNever; };
  for (uint32_t i = 0; i < count; ++i) {
    before[i] = i == 0 ? kNone : i - 1;
    after[i] = i + 1 == count ? kNone : i + 1;
    if (after[i] == kNone) continue;
    if (const uint64_t entry = candidate(i, i + 1); is_merge(entry)) candidates.push_back(entry);
  }
  std::priority_queue heap(std::greater<>(), std::move(candidates));
  while (!heap.empty()) {
    const uint64_t top = heap.top();
    heap.pop();
    const auto left = static_cast<uint32_t>(top);
    const uint32_t right = after[left];
    if (symbols[left].id < 0 || right == kNone) continue;
    const Merge merge = merge_of(symbols[left].id, symbols[right].id);
    if (merge.rank != top >> 32) continue;
    symbols[left] = {merge.result, symbols[left].begin, symbols[right].end};
    symbols[right].id = -1;
    after[left] = after[right];
    if (after[left] != kNone) {
      before[after[left]] = left;
      if (const uint64_t entry = candidate(left, after[left]); is_merge(entry)) heap.push(entry);
    }
    if (before[left] != kNone)
      if (const uint64_t entry = candidate(before[left], left); is_merge(entry)) heap.push(entry);
  }
  return static_cast<size_t>(
      std::remove_if(symbols, symbols + count, [](const Symbol& symbol) { return symbol.id < 0; }) - symbols);
}

}  // namespace frugal

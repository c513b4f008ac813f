#include "frugal/text/bpe.h"

#include <algorithm>
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
    if (merges[best].rank == Merge::kNever) break;
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

size_t Bpe::merge_long(Symbol* symbols, size_t count) const {
  return merge_by_heap(
      symbols, count, [&](int32_t left, int32_t right) { return merge_of(left, right); },
      [](int32_t, int32_t, const Merge&) {});
}

}  // namespace frugal

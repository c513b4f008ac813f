#include "frugal/data/batch.h"

#include <algorithm>
#include <bit>
#include <cassert>

#include "frugal/base/checked.h"

namespace frugal {

int64_t token_bucket(int64_t tokens) {
  if (tokens <= 128) return std::max<int64_t>(8, round_up(tokens, 8));
  const int64_t power = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(tokens)));
  return round_up(tokens, power / 16);
}

int64_t sequence_bucket(int64_t sequences) {
  if (sequences <= 32)
    return static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(std::max<int64_t>(1, sequences))));
  return token_bucket(sequences);
}

PackedBatch pack_batch(std::span<const Sequence* const> sequences, bool exact_sequences, int64_t choices) {
  PackedBatch batch;
  int64_t longest = 1;
  batch.filled = static_cast<int64_t>(sequences.size());
  for (const Sequence* sequence : sequences) {
    batch.rows += static_cast<int64_t>(sequence->ids.size());
    longest = std::max(longest, static_cast<int64_t>(sequence->ids.size()));
  }
  batch.shape.tokens = token_bucket(batch.rows);
  batch.shape.sequences = exact_sequences ? batch.filled : sequence_bucket(batch.filled);
  batch.shape.longest =
      static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(std::max<int64_t>(16, longest))));
  batch.shape.choices = choices;

  batch.ids.assign(batch.shape.tokens, -1);
  batch.types.assign(batch.shape.tokens, -1);
  batch.positions.assign(batch.shape.tokens, -1);
  batch.offsets.assign(batch.shape.sequences + 1, static_cast<int32_t>(batch.rows));
  batch.first_rows.assign(batch.shape.sequences, -1);
  int32_t row = 0;
  for (size_t s = 0; s < sequences.size(); ++s) {
    const Sequence& sequence = *sequences[s];
    assert(sequence.types.size() == sequence.ids.size());
    batch.offsets[s] = row;
    if (!sequence.ids.empty()) batch.first_rows[s] = row;
    for (size_t i = 0; i < sequence.ids.size(); ++i, ++row) {
      batch.ids[row] = sequence.ids[i];
      batch.types[row] = sequence.types[i];
      batch.positions[row] = sequence.positions.empty() ? static_cast<int32_t>(i) : sequence.positions[i];
    }
  }
  return batch;
}

PackedBatch pack_batch(std::span<const Sequence> sequences, bool exact_sequences, int64_t choices) {
  std::vector<const Sequence*> pointers;
  for (const Sequence& sequence : sequences) pointers.push_back(&sequence);
  return pack_batch(pointers, exact_sequences, choices);
}

}  // namespace frugal

#include "frugal/data/batch.h"

#include <algorithm>
#include <bit>
#include <cassert>

#include "frugal/base/checked.h"

namespace frugal {

std::vector<std::span<const Sequence* const>> batches_of(std::span<const Sequence* const> sequences,
                                                         int64_t tokens) {
  std::vector<std::span<const Sequence* const>> batches;
  size_t begin = 0;
  int64_t total = 0;
  for (size_t i = 0; i < sequences.size(); ++i) {
    const auto more = static_cast<int64_t>(sequences[i]->ids.size());
    if (i > begin && total + more > tokens) {
      batches.push_back(sequences.subspan(begin, i - begin));
      begin = i;
      total = 0;
    }
    total += more;
  }
  if (begin < sequences.size()) batches.push_back(sequences.subspan(begin));
  return batches;
}

int64_t token_bucket(int64_t tokens, int64_t parts) {
  if (tokens <= 32) return std::max<int64_t>(4, round_up(tokens, 4));
  if (tokens <= 128) return round_up(tokens, 8);
  const int64_t power = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(tokens)));
  return round_up(tokens, std::max<int64_t>(8, power / parts));
}

int64_t sequence_bucket(int64_t sequences) {
  if (sequences <= 32)
    return static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(std::max<int64_t>(1, sequences))));
  return token_bucket(sequences);
}

namespace {

// Bound on the length of a sequence and on its positions: programs for texts of like length are shared.
int64_t length_bucket(int64_t longest) {
  return static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(std::max<int64_t>(16, longest))));
}

struct Extent {
  int64_t rows = 0, longest = 1;
};

Extent extent_of(std::span<const Sequence* const> sequences) {
  Extent extent;
  for (const Sequence* sequence : sequences) {
    extent.rows += static_cast<int64_t>(sequence->ids.size());
    extent.longest = std::max(extent.longest, static_cast<int64_t>(sequence->ids.size()));
  }
  return extent;
}

void fill(PackedRows& side, std::span<const Sequence* const> sequences, int64_t rows, int64_t tokens,
          int64_t count) {
  side.rows = rows;
  side.ids.assign(tokens, -1);
  side.types.assign(tokens, -1);
  side.positions.assign(tokens, -1);
  side.offsets.assign(count + 1, static_cast<int32_t>(rows));
  side.first_rows.assign(count, -1);
  side.last_rows.assign(count, -1);
  side.columns.assign(tokens, -1);
  side.extents.assign(count, 0);
  int32_t row = 0;
  for (size_t s = 0; s < sequences.size(); ++s) {
    const Sequence& sequence = *sequences[s];
    assert(sequence.types.size() == sequence.ids.size());
    side.offsets[s] = row;
    if (!sequence.ids.empty()) side.first_rows[s] = row;
    for (size_t i = 0; i < sequence.ids.size(); ++i, ++row) {
      side.ids[row] = sequence.ids[i];
      side.types[row] = sequence.types[i];
      side.positions[row] = sequence.positions.empty() ? static_cast<int32_t>(i) : sequence.positions[i];
      side.columns[row] = sequence.columns.empty() ? static_cast<int32_t>(i) : sequence.columns[i];
    }
    if (!sequence.ids.empty()) side.last_rows[s] = row - 1;
    side.extents[s] = sequence.extent > 0 ? sequence.extent : static_cast<int32_t>(sequence.ids.size());
  }
}

std::vector<const Sequence*> pointers_to(std::span<const Sequence> sequences) {
  std::vector<const Sequence*> pointers;
  for (const Sequence& sequence : sequences) pointers.push_back(&sequence);
  return pointers;
}

}  // namespace

PackedBatch pack_batch(std::span<const Sequence* const> sequences, bool exact_sequences, int64_t choices) {
  PackedBatch batch;
  const Extent extent = extent_of(sequences);
  batch.filled = static_cast<int64_t>(sequences.size());
  batch.shape.tokens = token_bucket(extent.rows, exact_sequences ? kTrainingParts : kInferenceParts);
  batch.shape.sequences = exact_sequences ? batch.filled : sequence_bucket(batch.filled);
  batch.shape.longest = length_bucket(extent.longest);
  batch.shape.choices = choices;
  fill(batch, sequences, extent.rows, batch.shape.tokens, batch.shape.sequences);
  return batch;
}

PackedBatch pack_batch(std::span<const Sequence> sequences, bool exact_sequences, int64_t choices) {
  return pack_batch(pointers_to(sequences), exact_sequences, choices);
}

Sequence sequence_of(std::vector<int32_t> ids) {
  std::vector<int32_t> types(ids.size(), 0);
  return {std::move(ids), std::move(types), {}};
}

void pack_target(PackedBatch& batch, std::span<const Sequence> targets) {
  const std::vector<const Sequence*> pointers = pointers_to(targets);
  assert(static_cast<int64_t>(pointers.size()) == batch.filled);
  const Extent extent = extent_of(pointers);
  batch.shape.target_tokens = token_bucket(extent.rows);
  batch.shape.target_longest = length_bucket(extent.longest);
  fill(batch.target, pointers, extent.rows, batch.shape.target_tokens, batch.shape.sequences);
}

}  // namespace frugal

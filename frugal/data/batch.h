// Packed rows: the tokens of all sequences of a batch back to back, with the offset of each. Nothing is
// padded; only the number of rows is rounded up to a bucket, so that programs can be compiled once a bucket.
#pragma once

#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

namespace frugal {

// The static sizes of a batch; a program is compiled for one.
struct BatchShape {
  int64_t tokens = 0;                             // T: rows of all sequences together, rounded up
  int64_t sequences = 0;                          // S, rounded up: the last ones may be empty
  int64_t longest = 0;                            // upper bound of one sequence's length
  int64_t choices = 1;                            // sequences that belong to one multiple-choice question
  int64_t target_tokens = 0, target_longest = 0;  // of the decoder's side; 0 without a decoder
  int64_t memory = 0;                             // rows that each sequence may look back to (XLNet)
  bool hidden_pairs = false;                      // which token sees which is given pair by pair (XLNet)
  int64_t rotations = 0;  // columns of the rotations that hashing layers are given; 0: none are (Reformer)
  auto key() const {
    return std::tie(tokens, sequences, longest, choices, target_tokens, target_longest, memory, hidden_pairs,
                    rotations);
  }
  bool operator<(const BatchShape& other) const { return key() < other.key(); }
  bool operator==(const BatchShape& other) const { return key() == other.key(); }
};

// The smallest batch, of one sequence on each side: what a model is built for when its tensors alone count.
inline constexpr BatchShape kSmallestBatch{
    .tokens = 8, .sequences = 1, .longest = 16, .choices = 1, .target_tokens = 8, .target_longest = 16};

// One tokenized text or pair.
struct Sequence {
  std::vector<int32_t> ids, types;
  std::vector<int32_t> positions;  // empty: 0, 1, 2, ...
  // For models that cut a sequence into chunks: where the tokens stand in it, rising (empty: 0, 1, 2, ...),
  // and how many places it has; 0: as many as tokens.
  std::vector<int32_t> columns{};
  int32_t extent = 0;
};

// Tokens of type 0.
Sequence sequence_of(std::vector<int32_t> ids);

// The rows of one side of a batch: of the only side, or of an encoder's or a decoder's.
struct PackedRows {
  int64_t rows = 0;  // rows that hold tokens; the others are all the padding there is
  std::vector<int32_t> ids, types, positions;  // [T]; ids are -1 in the round-up, which gives zero rows
  std::vector<int32_t> offsets;                // [S+1]
  std::vector<int32_t> first_rows, last_rows;  // [S]; -1 for an empty sequence
  std::vector<int32_t> columns;                // [T]; -1 in the round-up
  std::vector<int32_t> extents;                // [S]
};

struct PackedBatch : PackedRows {
  BatchShape shape;
  int64_t filled = 0;  // sequences given; shape.sequences - filled are empty
  PackedRows target;   // the decoder's side: empty without a decoder
};

// Tokens of one batch, about, however many sequences are given at once: enough for full speed, and what lies
// between two steps stays near. Of 64 x 128 tokens at once TinyBERT takes a sixth longer (int8), MiniLM a
// twentieth, larger models the same.
constexpr int64_t kBatchTokens = 2048;
// Cuts them, in their order, into batches of at most so many tokens, or of one sequence.
std::vector<std::span<const Sequence* const>> batches_of(std::span<const Sequence* const> sequences,
                                                         int64_t tokens = kBatchTokens);

// Rounds rows up by at most one part in so many, to a multiple of 8, but of 4 up to 32: a single text of 12
// tokens takes 5 % longer as 16. A sixteenth is 3 % on average; training, whose steps are dearer than making
// a program (3 ms), rounds less.
inline constexpr int64_t kInferenceParts = 16, kTrainingParts = 64;
int64_t token_bucket(int64_t tokens, int64_t parts = kInferenceParts);
// Rounds up to 1, 2, 4, 8, 16, 32, and then like tokens.
int64_t sequence_bucket(int64_t sequences);

// `exact_sequences` keeps the number of sequences as it is and rounds rows less (training batches, multiple
// choice).
PackedBatch pack_batch(std::span<const Sequence* const> sequences, bool exact_sequences = false,
                       int64_t choices = 1);
PackedBatch pack_batch(std::span<const Sequence> sequences, bool exact_sequences = false,
                       int64_t choices = 1);
// Gives the batch its decoder's side, one sequence for each of the source.
void pack_target(PackedBatch& batch, std::span<const Sequence> targets);

}  // namespace frugal

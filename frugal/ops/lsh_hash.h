// lsh_hash: sorts the rows of each sequence by the buckets of an angular hash, as lsh_attention wants them
// (Andoni et al., "Practical and optimal LSH for angular distance", 2015; Kitaev et al. 2020, section 2).
//
// For each head and round, row x of q is rotated by a random matrix R; its bucket is the index of the largest
// of [xR; -xR]. With several factors, each has columns of R of its own and gives one digit of the bucket,
// the first factor the lowest. A round's rows are sorted by (bucket, position); positions that have no row
// would come last. Sequences of a single chunk are not hashed: their rows keep their order.
//
// lsh_hash(q F32[T, heads * D], rotations F32[heads, D, rounds, sum of factors / 2], offsets I32[S + 1],
// extents I32[S]) gives order I32[heads * rounds, T]: at slot i of a sequence the packed row that is i-th
// there, -1 at slots of no sequence. No gradient.
#pragma once

#include <cstdint>
#include <vector>

#include "frugal/ops/chunk_attention.h"

namespace frugal {

struct HashOptions {
  ChunkOptions chunks;           // of the attention: heads, chunk, multiple and shortest count here
  std::vector<int64_t> factors;  // even; their product is the number of buckets. Empty: chosen for each
  int64_t positions = 1;         // sequence by its length and by the most positions a sequence may have
};

inline constexpr int64_t kMostBuckets = 65536;

// The factors for a sequence of so many chunks. Chosen as Hugging Face Transformers chooses them: about two
// buckets a chunk, a power of two, in two factors where they are many.
std::vector<int64_t> bucket_factors(const HashOptions& options, int64_t chunks);
// The last dimension of the rotations that serves every sequence.
int64_t rotation_columns(const HashOptions& options);

Value lsh_hash(Value q, Value rotations, Value offsets, Value extents, const HashOptions& options);

// Outputs order; ties U8[T, bytes]; and the buckets I32[heads * rounds, T], for tests.
//
// When a block is rebuilt (Op::replay_inputs), q differs in its last bits, and a row whose two best buckets
// are nearly equal might change sides, which would move it to other keys. `ties` holds one bit for each
// choice: whether the best index was below the second best. Given as a fifth input it decides near ties, so
// that a replayed hash gives the same order at an eighth of a byte a choice.
struct LshHash : Op {
  explicit LshHash(HashOptions options) : options(std::move(options)) {}
  const HashOptions options;

  std::string_view name() const override { return "lsh_hash"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  std::vector<Value> replay_inputs(std::vector<Value> inputs, const std::vector<Value>& first) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

}  // namespace frugal

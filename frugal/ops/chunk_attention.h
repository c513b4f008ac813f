// What local and LSH attention (Kitaev, Kaiser & Levskaya, "Reformer", 2020, section 2) share: a sequence is
// cut into chunks, and the queries of a chunk see the keys of a window of chunks around it, so that time and
// memory grow with the length, not with its square.
//
// A sequence has an extent: the positions that it takes, those without a row (masked, or padding up to whole
// chunks) included. Its chunks lie in a ring: the first looks back at the last. With several rounds of
// hashing, the chunks of all rounds lie in one ring, round after round. A sequence of a single chunk sees
// itself once, whatever the window. No sequence sees another, and its bits depend on none.
#pragma once

#include <cstdint>

#include "frugal/graph/graph.h"

namespace frugal {

struct ChunkOptions {
  int heads = 1;
  float scale = 1;                // usually 1 / sqrt(head size)
  int64_t chunk = 1;              // positions of a chunk
  int64_t before = 0, after = 0;  // neighbours in the window
  int64_t multiple = 1;           // extents are rounded up to multiples of this, which is one of `chunk`, ...
  int64_t shortest = 1;           // ... but for those that are no longer than this, which is at most `chunk`
  bool causal = false;            // a query sees no key of a later position
  float dropout = 0;              // share of the probabilities dropped, in [0, 1); the others are scaled up
  uint64_t site = 0;              // names this use's random numbers: hash_of(module path)
};

// How many chunks a round has; at least what the rows need, whatever `extent` says.
int64_t chunk_count(const ChunkOptions& options, int64_t extent, int64_t rows);

// Inputs q F32[T, heads * D], k like q, v F32[T, heads * Dv], places (see the operations), offsets
// I32[sequences + 1], extents I32[sequences][, random I64[2] = {seed, step}].
//
// Outputs out F32[T, heads * Dv], and max and sum F32[T, heads]: each query's largest score, and the sum over
// its keys of e^(score - max). Rows of no sequence get out 0.
struct ChunkAttention : Op {
  ChunkAttention(ChunkOptions options, int rounds) : options(options), rounds(rounds) {}
  const ChunkOptions options;
  const int rounds;  // of hashing; 0: local attention

  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

// Inputs those of ChunkAttention, then out, max, sum and out's gradient; outputs the gradients of q, k and v.
struct ChunkAttentionGrad : Op {
  ChunkAttentionGrad(ChunkOptions options, int rounds) : options(options), rounds(rounds) {}
  const ChunkOptions options;
  const int rounds;

  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

// The inputs of the gradient's node, and its results as Op::gradient returns them.
std::vector<Value> chunk_gradient_inputs(const GradientContext& context);
std::vector<Value> chunk_gradients(const GradientContext& context, Value node);

}  // namespace frugal

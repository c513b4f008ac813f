// Attention of generation: keys and values of earlier steps are kept in caches, rows of which a table of
// integers gives to each position of each sequence (paged attention with pages of one row: Kwon et al. 2023).
// Beams that share a prefix share its rows, reordering beams permutes the table alone, and the rows of a
// retired sequence are used again.
//
// cached_attention: a decoder's attention to itself. T new rows of S sequences, q F32[T, heads * D],
// k F32[T, kv_heads * D], v F32[T, kv_heads * Dv]; caches k_cache F32[R, kv_heads * D] and
// v_cache F32[R, kv_heads * Dv], which it updates; offsets I32[S + 1] of the new rows; lengths I32[S], the
// rows of each sequence before these; cache_rows I32[S, capacity]. New row i of sequence s has position p =
// lengths[s] + i. First k and v of all new rows are stored in row cache_rows[s, p] of the caches; then query
// i attends to positions 0 .. p, those of the table's row s. With a bias F32[heads, 2 * max_distance + 1] as
// in relative_attention.h; a query's distances are 0 and less.
//
// read_cache_attention: a decoder's attention to its encoder. Nothing is stored; each query attends to the
// positions [0, lengths[s]) of its sequence.
//
// Both give out F32[T, heads * Dv]; rows outside all sequences and queries without keys get 0. They have no
// gradient. A sequence's bits depend on its own rows alone: not on the other sequences, on the place of
// its cache rows, or on the number of threads. (They do depend on how many rows it adds at once: few rows are
// dot products along D, more are blocks as in attention.) Positions beyond the capacity and cache_rows
// outside [0, R) give unspecified numbers, but no access outside the tensors. Rows that are written must
// differ.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

struct CachedAttentionOptions {
  int heads = 1;
  float scale = 1;
  int64_t window = 0;  // a query sees at most its last `window` positions, itself among them; 0: all
  // Upper bound of a sequence's positions. It only prices the node.
  int64_t longest = 1;
};

// Which cache rows the positions of the sequences have.
struct CacheTable {
  Value offsets, lengths, rows;
};

Value cached_attention(Value q, Value k, Value v, Value k_cache, Value v_cache, const CacheTable& table,
                       const CachedAttentionOptions& options, Value bias = {});
Value read_cache_attention(Value q, Value k_cache, Value v_cache, const CacheTable& table,
                           const CachedAttentionOptions& options);

// Inputs q, k, v, k_cache, v_cache, offsets, lengths, cache_rows[, bias].
struct CachedAttention : Op {
  explicit CachedAttention(CachedAttentionOptions o) : options(o) {}
  const CachedAttentionOptions options;

  std::string_view name() const override { return "cached_attention"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  std::vector<int> updates() const override { return {3, 4}; }
};

// Inputs q, k_cache, v_cache, offsets, lengths, cache_rows. Its options have no window.
struct ReadCacheAttention : Op {
  explicit ReadCacheAttention(CachedAttentionOptions o) : options(o) {}
  const CachedAttentionOptions options;

  std::string_view name() const override { return "read_cache_attention"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

}  // namespace frugal

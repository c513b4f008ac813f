#include "frugal/ops/registry_attention.h"

#include <algorithm>

#include "frugal/ops/attention.h"
#include "frugal/ops/cached_attention.h"
#include "frugal/ops/local_attention.h"
#include "frugal/ops/lsh_attention.h"
#include "frugal/ops/lsh_hash.h"
#include "frugal/ops/relative_attention.h"
#include "frugal/ops/xl_attention.h"

namespace frugal {
namespace {

AttentionOptions sample_options(Sampler& s, int64_t rows, int64_t heads) {
  AttentionOptions options;
  options.heads = static_cast<int>(heads);
  options.scale = 0.3f;
  options.causal = s.below(2) == 0;
  options.window = options.causal ? s.below(30) : 0;
  options.longest = rows;
  return options;
}

Tensor filled(Shape shape, Random& random) {
  Tensor tensor(DType::f32, std::move(shape));
  for (float& x : tensor.data<float>()) x = static_cast<float>(random.normal());
  return tensor;
}

// Tables in which each position has a row of its own.
CacheTable sample_table(Sampler& s, int64_t rows, int64_t sequences, int64_t capacity) {
  Tensor table(DType::i32, {sequences, capacity});
  const auto order = random_permutation(sequences * capacity, Random(1, "rows"));
  std::copy(order.begin(), order.end(), table.data<int32_t>().begin());
  return {s.offsets(sequences, rows), s.integers(sequences, 0, capacity - rows + 1),
          s.given(std::move(table))};
}

ChunkOptions sample_chunks(Sampler& s) {
  ChunkOptions options;
  options.heads = static_cast<int>(1 + s.below(3));
  options.scale = 0.3f;
  options.chunk = options.shortest = 1 + s.below(20);
  options.multiple = options.chunk * (1 + s.below(2));
  options.before = s.below(3);
  options.after = s.below(2);
  options.causal = s.below(2) == 0;
  return options;
}

Value sample_extents(Sampler& s, int64_t sequences) { return s.integers(sequences, 0, 40); }

}  // namespace

void sample_attention(Sampler& s) {
  const int64_t rows = s.size(), heads = 1 + s.below(3), width = heads * (1 + s.below(20)),
                sequences = 1 + s.below(4);
  const AttentionOptions options = sample_options(s, rows, heads);
  const Value offsets = s.offsets(sequences, rows);
  s.output(attention(s.weight({rows, width}), s.weight({rows, width}), s.weight({rows, width}), offsets,
                     offsets, options));
}

void sample_relative_attention(Sampler& s) {
  const int64_t rows = s.size(), heads = 1 + s.below(3), width = heads * (1 + s.below(20)),
                sequences = 1 + s.below(4);
  const AttentionOptions options = sample_options(s, rows, heads);
  Tensor positions(DType::i32, {rows});
  const int64_t step = 1 + s.below(2);  // with or without gaps
  for (int64_t i = 0; i < rows; ++i) positions.data<int32_t>()[i] = static_cast<int32_t>(i * step);
  const Value offsets = s.offsets(sequences, rows), at = s.given(std::move(positions));
  s.output(relative_attention(s.weight({rows, width}), s.weight({rows, width}), s.weight({rows, width}),
                              offsets, offsets, {s.weight({heads, 2 * s.below(40) + 1}), at, at}, options));
}

void sample_cached_attention(Sampler& s) {
  const int64_t rows = s.size(), kv_heads = 1 + s.below(3), heads = kv_heads * (1 + s.below(2)),
                width = 1 + s.below(20), sequences = 1 + s.below(4), capacity = rows + s.below(200);
  CachedAttentionOptions options;
  options.heads = static_cast<int>(heads);
  options.window = s.below(30);
  const Value q = s.normal({rows, heads * width}), k = s.normal({rows, kv_heads * width});
  const Shape cache{sequences * capacity, kv_heads * width};
  const Value k_cache = s.state(filled(cache, s.random())), v_cache = s.state(filled(cache, s.random()));
  s.output(cached_attention(q, k, k, k_cache, v_cache, sample_table(s, rows, sequences, capacity), options,
                            s.below(2) ? s.normal({heads, 2 * s.below(40) + 1}) : Value{}));
}

void sample_read_cache_attention(Sampler& s) {
  const int64_t rows = s.size(), sequences = 1 + s.below(4), capacity = rows + s.below(200);
  const Shape cache{sequences * capacity, 2 * 17};
  const Value k_cache = s.state(filled(cache, s.random())), v_cache = s.state(filled(cache, s.random()));
  s.output(read_cache_attention(s.normal({rows, 2 * 17}), k_cache, v_cache,
                                sample_table(s, rows, sequences, capacity), {.heads = 2, .scale = 0.3f}));
}

void sample_local_attention(Sampler& s) {
  const ChunkOptions options = sample_chunks(s);
  const int64_t rows = s.size(), width = options.heads * (1 + s.below(20)), sequences = 1 + s.below(4);
  const Value offsets = s.offsets(sequences, rows);
  Tensor columns(DType::i32, {rows});
  const bool holes = s.below(2) == 0;
  for (int64_t i = 0, at = 0; i < rows; ++i, at += 1 + (holes ? s.below(4) : 0))
    columns.data<int32_t>()[i] = static_cast<int32_t>(at);
  s.output(local_attention(s.weight({rows, width}), s.weight({rows, width}), s.weight({rows, width}),
                           s.given(columns), offsets, sample_extents(s, sequences), options));
}

// The hash reads vectors of its own: finite differences of the attention's would change the order.
void sample_lsh_attention(Sampler& s) {
  const ChunkOptions options = sample_chunks(s);
  const int64_t rows = s.size(), size = 1 + s.below(20), width = options.heads * size,
                sequences = 1 + s.below(4);
  HashOptions hash{options, {4, 2}, rows};
  if (s.below(2) == 0) hash.factors = {2 * (1 + s.below(9))};
  if (s.below(3) == 0) hash.factors = {};
  const Value offsets = s.offsets(sequences, rows), extents = sample_extents(s, sequences);
  const Value rotations = s.normal({options.heads, size, 1 + s.below(3), rotation_columns(hash)});
  const Value order = lsh_hash(s.normal({rows, width}), rotations, offsets, extents, hash);
  s.output(lsh_attention(s.weight({rows, width}), s.weight({rows, width}), s.weight({rows, width}), order,
                         offsets, extents, options));
}

// No query is blind: for those the gradients are not the slopes (see xl_attention.h).
void sample_xl_attention(Sampler& s) {
  const int64_t rows = s.size(), heads = 1 + s.below(3), size = 1 + s.below(20), sequences = 1 + s.below(4),
                distances = s.size();
  XlAttentionOptions options;
  options.heads = static_cast<int>(heads);
  options.scale = 0.2f;
  options.causal = s.below(3) == 0;
  options.window = options.causal && s.below(2) == 0 ? 5 : 0;
  options.longest = rows;
  options.back = s.below(distances);
  Tensor positions(DType::i32, {rows}), hidden(DType::u8, {rows, 4});
  for (int64_t i = 0; i < rows; ++i) {
    positions.data<int32_t>()[i] = static_cast<int32_t>(i + i / 7);
    hidden.data<uint8_t>()[4 * i + s.below(4)] = 1;
  }
  const Value offsets = s.offsets(sequences, rows), columns = s.given(positions),
              types = s.integers(rows, 0, 2);
  const Value q = s.weight({rows, heads * size}), k = s.weight({rows, heads * size}),
              v = s.weight({rows, heads * size});
  XlTerms terms;
  terms.r = s.weight({distances, heads * size});
  terms.content_bias = s.weight({heads, size}), terms.position_bias = s.weight({heads, size});
  terms.segment_bias = s.weight({heads, size}), terms.segments = s.weight({2, heads, size});
  terms.q_positions = terms.k_positions = columns, terms.q_types = terms.k_types = types;
  if (!options.causal && s.below(2) == 0) terms.hidden = s.given(hidden), options.memory = 1;
  s.output(xl_attention(q, k, v, offsets, offsets, terms, options));
}

}  // namespace frugal

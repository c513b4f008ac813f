#include "frugal/ops/cached_attention.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "frugal/ops/attention_items.h"
#include "frugal/ops/cached_attention_kernels.h"
#include "frugal/ops/rows.h"

namespace frugal {
namespace {

// Sequences that add more rows than this go through attention's blocks, which fill whole vectors with
// queries. (With 256 positions and heads of 64, both ways take the same time for 8 rows.)
constexpr int64_t kFewRows = 6;

// An item reads at least so many floats of a cache row: heads of 64 by twos read memory a tenth faster than
// one by one, the last-level cache up to a third.
constexpr int64_t kItemWidth = 128;

struct Layout {
  int64_t rows, sequences, capacity, cache_rows, heads, kv_heads, width, value_width;
  int64_t group() const { return heads / kv_heads; }
  // Key heads of an item of few rows.
  int64_t item_heads() const { return std::min(kv_heads, ceil_div(kItemWidth, width)); }
};

// Where the operands stand among an operation's inputs.
struct Places {
  size_t k_cache, v_cache, offsets, lengths, cache_rows;
};
constexpr Places kCached{3, 4, 5, 6, 7}, kRead{1, 2, 3, 4, 5};

Layout layout_of(const CachedAttentionOptions& options, const Places& at, std::span<const TensorType> in) {
  require(options.heads >= 1, "needs at least one head");
  require(std::isfinite(options.scale), "the scale is not a finite number");
  require(options.window >= 0, "the window is negative");
  require(options.longest >= 1, "the bound of a sequence's length is not positive");
  require_type(in[0], DType::f32, 2, "q");
  require_type(in[at.k_cache], DType::f32, 2, "k_cache");
  require_type(in[at.v_cache], DType::f32, 2, "v_cache");
  require_type(in[at.offsets], DType::i32, 1, "offsets");
  require_type(in[at.lengths], DType::i32, 1, "lengths");
  require_type(in[at.cache_rows], DType::i32, 2, "cache_rows");
  Layout l;
  l.heads = options.heads;
  l.rows = in[0].shape[0];
  l.sequences = in[at.lengths].shape[0];
  l.cache_rows = in[at.k_cache].shape[0];
  l.capacity = in[at.cache_rows].shape[1];
  require(in[at.offsets].shape[0] == l.sequences + 1 && in[at.cache_rows].shape[0] == l.sequences,
          "offsets, lengths and cache_rows differ in sequences");
  require(l.cache_rows >= 1 && in[at.v_cache].shape[0] == l.cache_rows,
          "the caches have no rows, or differ in rows");
  require_heads(l.heads, in[0], in[at.k_cache], in[at.v_cache]);
  l.width = in[0].shape[1] / l.heads;
  l.kv_heads = in[at.k_cache].shape[1] / l.width;
  l.value_width = in[at.v_cache].shape[1] / l.kv_heads;
  return l;
}

std::string text_of(const CachedAttentionOptions& o) {
  std::string text = fmt::format("heads={} scale={} longest={}", o.heads, o.scale, o.longest);
  if (o.window > 0) text += fmt::format(" window={}", o.window);
  return text;
}

// Every query is taken to see `longest` positions, and every sequence's rows of the caches to be read once.
Work work_of(const CachedAttentionOptions& options, const Layout& l, std::span<const TensorType> in,
             double stored_bytes) {
  const int64_t longest = std::min(options.longest, l.capacity);
  const double keys = static_cast<double>(options.window > 0 ? std::min(options.window, longest) : longest);
  const double floats = static_cast<double>(l.kv_heads * (l.width + l.value_width));
  const double out_bytes = 4.0 * static_cast<double>(l.rows * l.heads * l.value_width);
  return {2.0 * static_cast<double>(l.rows * l.heads) * keys * static_cast<double>(l.width + l.value_width),
          static_cast<double>(in[0].byte_count()) + out_bytes + stored_bytes +
              static_cast<double>(std::min(l.sequences, l.rows)) * keys * (4 * floats + 4)};
}

// A run's sequences, their numbers cut to the tables.
struct Sequences {
  Sequences(const Layout& layout, const Places& at, const KernelArgs& args)
      : l(layout),
        offsets(args.input<int32_t>(at.offsets)),
        lengths(args.input<int32_t>(at.lengths)),
        table(args.input<int32_t>(at.cache_rows)) {}

  RowRange rows(int64_t s) const { return sequence_rows(offsets, s, l.rows); }
  // The sequence that holds row r, or -1.
  int64_t holder(int64_t r) const {
    const int64_t s = first_ending_after(offsets, l.sequences, r);
    return s < l.sequences && rows(s).begin <= r ? s : -1;
  }
  int64_t length(int64_t s) const { return std::clamp<int64_t>(lengths[s], 0, l.capacity); }
  PositionRows positions(int64_t s) const { return {table + s * l.capacity, l.cache_rows}; }
  bool any_long() const {
    for (int64_t s = 0; s < l.sequences; ++s)
      if (rows(s).count() > kFewRows) return true;
    return false;
  }

  const Layout& l;
  const int32_t *offsets, *lengths, *table;
};

// The kernel of both operations. `appends`: the new rows count among the positions, and a query sees those up
// to its own.
struct Attend {
  Layout l;
  Places at;
  CachedAttentionOptions options;
  bool appends;
  int64_t max_distance = -1;  // of the bias, the input after cache_rows; -1: none
  AttentionForward blocks = attention_forward();
  CachedForward few = cached_forward();

  size_t scratch_bytes() const {
    return sizeof(float) * std::max(cached_scratch(l.item_heads() * l.group()),
                                    attention_scratch(l.width) +
                                        static_cast<size_t>(kKeyBlock * std::max(l.width, l.value_width)));
  }

  void run(const KernelArgs& args, Worker& worker) const {
    const Sequences sequences(l, at, args);
    prepare(sequences, args, worker);
    // The same heads of all sequences, one after the other: beams that share rows find them in the cache.
    worker.for_each(ceil_div(l.kv_heads, l.item_heads()) * l.sequences, [&](int64_t item) {
      const int64_t s = item % l.sequences;
      const RowRange rows = sequences.rows(s);
      for (int64_t r = rows.begin; r < rows.end && rows.count() <= kFewRows; ++r)
        one_row(sequences, args, item / l.sequences * l.item_heads(), s, r, scratch_of(worker));
    });
    if (l.rows <= kFewRows || !sequences.any_long()) return;
    const auto done = [](int64_t, RowRange) {};
    for_each_query_block(
        worker, kQueryBlock, l.heads, l.rows, l.sequences, sequences.offsets,
        [&](int64_t h, int64_t s, RowRange rows, int64_t first) {
          if (rows.count() > kFewRows) block(sequences, args, h, s, rows, first, scratch_of(worker));
        },
        done);
  }

  // Stores the new rows, before any of them is read; clears the rows of no sequence.
  void prepare(const Sequences& sequences, const KernelArgs& args, Worker& worker) const {
    const int64_t k_width = l.kv_heads * l.width, v_width = l.kv_heads * l.value_width;
    for_each_row(worker, l.rows, k_width + v_width, [&](int64_t r) {
      const int64_t s = sequences.holder(r);
      if (s < 0) {
        const int64_t width = l.heads * l.value_width;
        std::fill_n(args.output<float>(0) + r * width, width, 0.0f);
      } else if (appends) {
        const int64_t position = sequences.length(s) + r - sequences.rows(s).begin;
        if (position >= l.capacity) return;
        const int64_t row = sequences.positions(s).rows[position];
        if (row < 0 || row >= l.cache_rows) return;
        std::copy_n(args.input<float>(1) + r * k_width, k_width,
                    args.updated<float>(at.k_cache) + row * k_width);
        std::copy_n(args.input<float>(2) + r * v_width, v_width,
                    args.updated<float>(at.v_cache) + row * v_width);
      }
    });
  }

  // How many positions of sequence s the last of `rows` sees.
  int64_t keys(const Sequences& sequences, int64_t s, RowRange rows) const {
    return std::min(l.capacity, sequences.length(s) + (appends ? rows.count() : 0));
  }

  void one_row(const Sequences& sequences, const KernelArgs& args, int64_t kv_head, int64_t s, int64_t r,
               float* scratch) const {
    const RowRange rows = sequences.rows(s);
    const int64_t h = kv_head * l.group(), all = keys(sequences, s, rows);
    CachedQuery query;
    query.q = args.input<float>(0) + (r * l.heads + h) * l.width;
    query.kv_heads = std::min(l.item_heads(), l.kv_heads - kv_head);
    query.group = l.group();
    query.k = key_columns(args, kv_head);
    query.v = value_columns(args, kv_head);
    query.table = sequences.positions(s);
    query.end = appends ? std::max<int64_t>(0, all - (rows.end - 1 - r)) : all;
    query.begin = options.window > 0 ? std::max<int64_t>(0, query.end - options.window) : 0;
    query.width = l.width;
    query.value_width = l.value_width;
    query.scale = options.scale;
    query.bias = bias(args, h);
    query.max_distance = max_distance;
    query.out = args.output<float>(0) + (r * l.heads + h) * l.value_width;
    few(query, scratch);
  }

  void block(const Sequences& sequences, const KernelArgs& args, int64_t h, int64_t s, RowRange rows,
             int64_t first, float* scratch) const {
    AttentionHead head;
    head.q = columns(args.input<float>(0), rows.begin, l.heads * l.width, h * l.width);
    head.k = key_columns(args, h / l.group());
    head.v = value_columns(args, h / l.group());
    head.table = sequences.positions(s);
    head.queries = rows.count();
    head.keys = keys(sequences, s, rows);
    head.width = l.width;
    head.value_width = l.value_width;
    head.scale = options.scale;
    head.causal = appends;
    head.window = options.window;
    head.bias.table = bias(args, h);
    head.bias.max_distance = max_distance;
    float lse;  // nobody reads it
    blocks(head, first, std::min(kQueryBlock, rows.count() - first),
           columns(args.output<float>(0), rows.begin, l.heads * l.value_width, h * l.value_width), {&lse, 0},
           scratch);
  }

  Strided<const float> key_columns(const KernelArgs& args, int64_t kv_head) const {
    return columns(args.input<float>(at.k_cache), 0, l.kv_heads * l.width, kv_head * l.width);
  }
  Strided<const float> value_columns(const KernelArgs& args, int64_t kv_head) const {
    return columns(args.input<float>(at.v_cache), 0, l.kv_heads * l.value_width, kv_head * l.value_width);
  }
  const float* bias(const KernelArgs& args, int64_t h) const {
    if (max_distance < 0) return nullptr;
    return args.input<float>(at.cache_rows + 1) + h * (2 * max_distance + 1) + max_distance;
  }
};

Kernel kernel_of(const Attend& attend) {
  return {[attend](const KernelArgs& args, Worker& worker) { attend.run(args, worker); },
          attend.scratch_bytes()};
}

}  // namespace

Value cached_attention(Value q, Value k, Value v, Value k_cache, Value v_cache, const CacheTable& table,
                       const CachedAttentionOptions& options, Value bias) {
  std::vector<Value> inputs{q, k, v, k_cache, v_cache, table.offsets, table.lengths, table.rows};
  if (bias) inputs.push_back(bias);
  return q.graph->add<CachedAttention>(std::move(inputs), options);
}
Value read_cache_attention(Value q, Value k_cache, Value v_cache, const CacheTable& table,
                           const CachedAttentionOptions& options) {
  return q.graph->add<ReadCacheAttention>({q, k_cache, v_cache, table.offsets, table.lengths, table.rows},
                                          options);
}

std::string CachedAttention::attributes() const { return text_of(options); }
std::string ReadCacheAttention::attributes() const { return text_of(options); }

std::vector<TensorType> CachedAttention::infer(std::span<const TensorType> in) const {
  require(in.size() == 8 || in.size() == 9,
          "needs q, k, v, their caches, offsets, lengths, cache_rows and perhaps a bias");
  const Layout l = layout_of(options, kCached, in);
  require(in[1] == f32({l.rows, l.kv_heads * l.width}) && in[2] == f32({l.rows, l.kv_heads * l.value_width}),
          "k and v are not F32, a row for each of q's, as wide as their caches");
  if (in.size() == 9) require_bias(in[8], l.heads);
  return {f32({l.rows, l.heads * l.value_width})};
}

std::vector<TensorType> ReadCacheAttention::infer(std::span<const TensorType> in) const {
  require(in.size() == 6, "needs q, two caches, offsets, lengths and cache_rows");
  require(options.window == 0, "has no window");
  const Layout l = layout_of(options, kRead, in);
  return {f32({l.rows, l.heads * l.value_width})};
}

Work CachedAttention::work(std::span<const TensorType> in, std::span<const TensorType>) const {
  const double stored = 2.0 * static_cast<double>(in[1].byte_count() + in[2].byte_count());
  return work_of(options, layout_of(options, kCached, in), in, stored);
}
Work ReadCacheAttention::work(std::span<const TensorType> in, std::span<const TensorType>) const {
  return work_of(options, layout_of(options, kRead, in), in, 0);
}

Kernel CachedAttention::kernel(const Context&, std::span<const TensorType> in,
                               std::span<const TensorType>) const {
  return kernel_of({layout_of(options, kCached, in), kCached, options, /*appends=*/true,
                    in.size() == 9 ? in[8].shape[1] / 2 : -1});
}
Kernel ReadCacheAttention::kernel(const Context&, std::span<const TensorType> in,
                                  std::span<const TensorType>) const {
  return kernel_of({layout_of(options, kRead, in), kRead, options, /*appends=*/false});
}

}  // namespace frugal

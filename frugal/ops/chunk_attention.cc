#include "frugal/ops/chunk_attention.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "frugal/base/checked.h"
#include "frugal/base/random.h"
#include "frugal/graph/gradient.h"
#include "frugal/ops/chunk_attention_kernels.h"
#include "frugal/ops/packed_rows.h"

namespace frugal {
namespace {

struct Layout {
  int64_t rows, sequences, heads, width, value_width;
  int64_t window_rows;  // most rows that a window holds
  int64_t chunk_rows;   // most rows that a chunk holds
};

Layout layout_of(const ChunkOptions& options, std::span<const TensorType> in) {
  Layout l;
  l.rows = in[0].shape[0];
  l.sequences = in[5].shape[0];
  l.heads = options.heads;
  l.width = in[0].shape[1] / l.heads;
  l.value_width = in[2].shape[1] / l.heads;
  l.chunk_rows = std::min(options.chunk, l.rows);
  l.window_rows = l.chunk_rows * (options.before + options.after + 1);
  return l;
}

size_t operand_count(const ChunkOptions& options) { return options.dropout > 0 ? 7 : 6; }

void check(const ChunkOptions& o, int rounds, std::span<const TensorType> in) {
  require(o.heads >= 1, "needs at least one head");
  require(std::isfinite(o.scale), "the scale is not a finite number");
  require(o.dropout >= 0 && o.dropout < 1, "the dropout is not in [0, 1)");
  require(o.chunk >= 1 && o.chunk <= 1 << 24, "the chunk length is not in [1, 2^24]");
  require(o.before >= 0 && o.after >= 0 && o.before <= 64 && o.after <= 64,
          "a window of more than 64 chunks to a side");
  require(o.multiple >= o.chunk && o.multiple % o.chunk == 0, "extents do not become whole chunks");
  require(o.shortest >= 1 && o.shortest <= o.chunk, "a short sequence is longer than a chunk");
  require(in.size() >= operand_count(o),
          "needs q, k, v, places, offsets and extents, and the random seed with dropout");
  require_type(in[0], DType::f32, 2, "q");
  require_type(in[2], DType::f32, 2, "v");
  require(in[1] == in[0], "k is not like q");
  require(in[2].shape[0] == in[0].shape[0], "v and q differ in rows");
  for (int i : {0, 2})
    require(in[i].shape[1] >= o.heads && in[i].shape[1] % o.heads == 0,
            fmt::format("the width {} is no multiple of the {} heads", in[i].shape[1], o.heads));
  require(in[0].shape[0] <= std::numeric_limits<int32_t>::max(), "more rows than offsets can count");
  const int64_t rows = in[0].shape[0];
  require(in[3] == (rounds == 0 ? i32({rows}) : i32({int64_t{o.heads} * rounds, rows})),
          "places are not one for each row and round");
  require_type(in[5], DType::i32, 1, "extents");
  require(in[4] == i32({in[5].shape[0] + 1}), "the offsets are not one more than the extents");
  if (o.dropout > 0)
    require_type(in[6], DType::i64, 1, "random"), require(in[6].shape[0] == 2, "random needs {seed, step}");
}

std::string text_of(const ChunkOptions& o, int rounds) {
  return fmt::format(
      "heads={} scale={} chunk={} before={} after={} multiple={} shortest={} causal={} "
      "dropout={} site={} rounds={}",
      o.heads, o.scale, o.chunk, o.before, o.after, o.multiple, o.shortest, o.causal, o.dropout, o.site,
      rounds);
}

// Multiply-adds count two; every window is taken to be full.
double product_flops(int rounds, const Layout& l, double width_products, double value_products) {
  return 2.0 * static_cast<double>(std::max(1, rounds) * l.rows * l.heads * l.window_rows) *
         (width_products * static_cast<double>(l.width) +
          value_products * static_cast<double>(l.value_width));
}

AttentionDropout dropout_of(const ChunkOptions& options, const KernelArgs& args) {
  AttentionDropout dropout;
  dropout.threshold =
      std::min<uint32_t>(65535, static_cast<uint32_t>(std::lround(options.dropout * 65536.0)));
  if (dropout.threshold == 0) return dropout;
  const int64_t* random = args.input<int64_t>(6);
  const auto bits = philox(static_cast<uint64_t>(random[0]), static_cast<uint64_t>(random[1]), options.site);
  dropout.key = bits[0] | uint64_t{bits[1]} << 32;
  return dropout;
}

// The chunks of one sequence for one head. A slot is a place in a round's order of the packed rows; without
// hashing it is the row itself.
class Chunks {
 public:
  Chunks(const ChunkOptions& options, int rounds, const Layout& l, const KernelArgs& args, int64_t sequence,
         int64_t head)
      : options_(options),
        slots_(sequence_rows(args.input<int32_t>(4), sequence, l.rows)),
        count_(chunk_count(options, args.input<int32_t>(5)[sequence], slots_.count())),
        rounds_(count_ == 1 ? std::min(1, rounds) : rounds),
        places_(args.input<int32_t>(3) + (rounds == 0 ? 0 : head * rounds * l.rows)),
        rows_(l.rows) {}

  const RowRange& slots() const { return slots_; }
  int64_t count() const { return count_; }
  int64_t rounds() const { return std::max(1, rounds_); }  // a lone chunk needs one round
  int64_t chunk_of(int64_t slot) const {
    return hashed() ? (slot - slots_.begin) / options_.chunk : places_[slot] / options_.chunk;
  }

  // The slots of chunk c, at most `chunk` of them.
  RowRange slots_of(int64_t c) const {
    const int64_t first = c * options_.chunk;
    int64_t begin, end;
    if (hashed()) {
      begin = slots_.begin + std::min(first, slots_.count()), end = begin + options_.chunk;
    } else {
      begin = std::lower_bound(places_ + slots_.begin, places_ + slots_.end, first) - places_;
      end = std::lower_bound(places_ + begin, places_ + slots_.end, first + options_.chunk) - places_;
    }
    return {begin, std::min({end, begin + options_.chunk, slots_.end})};
  }

  // The rows of chunk c of a round and of its window; the arrays hold `chunk_rows` and `window_rows`.
  Window window(int64_t round, int64_t c, int32_t* queries, int32_t* keys) const {
    Window window{queries, list(round, c, queries), keys, 0};
    if (count_ == 1) {
      std::copy_n(queries, window.query_count, keys);
      window.key_count = window.query_count;
      return window;
    }
    const int64_t ring = rounds() * count_;
    for (int64_t away = -options_.before; away <= options_.after; ++away) {
      // Further away than the ring is long means the chunk itself, as in the reference.
      const int64_t step = std::abs(away) > ring ? 0 : away;
      const int64_t at = (round * count_ + c + step + ring) % ring;
      window.key_count += list(at / count_, at % count_, keys + window.key_count);
    }
    return window;
  }

 private:
  bool hashed() const { return rounds_ > 0; }
  int64_t list(int64_t round, int64_t c, int32_t* rows) const {
    const RowRange slots = slots_of(c);
    for (int64_t i = 0; i < slots.count(); ++i)
      rows[i] = hashed() ? places_[round * rows_ + slots.begin + i] : static_cast<int32_t>(slots.begin + i);
    return slots.count();
  }

  const ChunkOptions& options_;
  RowRange slots_;
  int64_t count_;
  int rounds_;
  const int32_t* places_;
  int64_t rows_;
};

// A thread's scratch: two lists of rows, then the kernel's.
struct Lists {
  Lists(const Layout& l, Worker& worker)
      : queries(reinterpret_cast<int32_t*>(worker.scratch().data())),
        keys(queries + round_up(l.chunk_rows, 16)),
        rest(reinterpret_cast<float*>(keys + round_up(l.window_rows, 16))) {}
  static size_t bytes(const Layout& l) {
    return static_cast<size_t>(round_up(l.chunk_rows, 16) + round_up(l.window_rows, 16)) * sizeof(int32_t);
  }
  int32_t *queries, *keys;
  float* rest;
};

WindowHead head_of(const ChunkOptions& options, int rounds, const Layout& l, const KernelArgs& args,
                   const AttentionDropout& dropout, int64_t h) {
  WindowHead head;
  head.stride = l.heads * l.width;
  head.value_stride = l.heads * l.value_width;
  head.q = args.input<float>(0) + h * l.width;
  head.k = args.input<float>(1) + h * l.width;
  head.v = args.input<float>(2) + h * l.value_width;
  head.width = l.width;
  head.value_width = l.value_width;
  head.scale = options.scale;
  head.causal = options.causal;
  head.shared = rounds > 0;
  head.dropout = dropout;
  return head;
}

// Names the random numbers of a window by its round, head and first slot.
void place_dropout(WindowHead& head, const Layout& l, int64_t h, int64_t round, int64_t first_slot) {
  head.dropout.head = static_cast<uint32_t>(round * l.heads + h);
  head.dropout.first_row = static_cast<uint32_t>(first_slot);
}

void fill(float* rows, int64_t stride, RowRange range, int64_t width, float value) {
  for (int64_t r = range.begin; r < range.end; ++r) std::fill_n(rows + r * stride, width, value);
}

}  // namespace

int64_t chunk_count(const ChunkOptions& options, int64_t extent, int64_t rows) {
  if (extent > options.shortest) extent = round_up(extent, options.multiple);
  return std::max<int64_t>(1, ceil_div(std::max(extent, rows), options.chunk));
}

std::string ChunkAttention::attributes() const { return text_of(options, rounds); }
std::string ChunkAttentionGrad::attributes() const { return text_of(options, rounds); }

std::vector<TensorType> ChunkAttention::infer(std::span<const TensorType> in) const {
  check(options, rounds, in);
  require(in.size() == operand_count(options), "has an input too many");
  const TensorType sums = f32({in[0].shape[0], options.heads});
  return {in[2], sums, sums};
}

std::vector<TensorType> ChunkAttentionGrad::infer(std::span<const TensorType> in) const {
  check(options, rounds, in);
  const size_t n = operand_count(options);
  const TensorType sums = f32({in[0].shape[0], options.heads});
  require(
      in.size() == n + 4 && in[n] == in[2] && in[n + 1] == sums && in[n + 2] == sums && in[n + 3] == in[2],
      "needs the attention's inputs, its outputs and out's gradient");
  return {in[0], in[1], in[2]};
}

std::vector<Value> chunk_gradient_inputs(const GradientContext& context) {
  require(!context.output_gradients[1] && !context.output_gradients[2], "the sums have no gradient");
  std::vector<Value> inputs = context.inputs;
  inputs.insert(inputs.end(), context.outputs.begin(), context.outputs.end());
  inputs.push_back(context.output_gradients[0]);
  return inputs;
}

std::vector<Value> chunk_gradients(const GradientContext& context, Value node) {
  std::vector<Value> gradients(context.inputs.size());
  for (int i = 0; i < 3; ++i) gradients[i] = Graph::output_of(node, i);
  return gradients;
}

Work ChunkAttention::work(std::span<const TensorType> in, std::span<const TensorType> out) const {
  Work work = Op::work(in, out);
  work.flops = product_flops(rounds, layout_of(options, in), 1, 1);
  return work;
}

Work ChunkAttentionGrad::work(std::span<const TensorType> in, std::span<const TensorType> out) const {
  Work work = Op::work(in, out);
  work.flops = product_flops(rounds, layout_of(options, in), 3, 2);
  return work;
}

// An item is one head of the chunks that begin in a block of slots; the rounds follow each other, as each
// goes on with the sums of the one before. Within a round every query belongs to one chunk.
Kernel ChunkAttention::kernel(const Context&, std::span<const TensorType> in,
                              std::span<const TensorType>) const {
  const Layout l = layout_of(options, in);
  const auto body = [l, run = window_forward(), options = options, rounds = rounds](const KernelArgs& args,
                                                                                    Worker& worker) {
    const AttentionDropout dropout = dropout_of(options, args);
    const int32_t *offsets = args.input<int32_t>(4), *ends = offsets + 1;
    const int64_t block = std::max<int64_t>(64, l.chunk_rows), blocks = ceil_div(l.rows, block);
    const int64_t out_stride = l.heads * l.value_width;
    float *out = args.output<float>(0), *max = args.output<float>(1), *sum = args.output<float>(2);
    for (int64_t round = 0; round < std::max(1, rounds); ++round)
      worker.for_each(l.heads * blocks, [&](int64_t item) {
        const int64_t h = item % l.heads, begin = item / l.heads * block,
                      end = std::min(begin + block, l.rows);
        const Lists lists(l, worker);
        WindowHead head = head_of(options, rounds, l, args, dropout, h);
        for (int64_t s = std::upper_bound(ends, ends + l.sequences, begin) - ends; s < l.sequences; ++s) {
          const Chunks chunks(options, rounds, l, args, s, h);
          if (chunks.slots().begin >= end) break;
          if (round >= chunks.rounds()) continue;
          int64_t slot = std::max(begin, chunks.slots().begin);
          while (slot < std::min(end, chunks.slots().end)) {
            const int64_t c = chunks.chunk_of(slot);
            const RowRange slots = chunks.slots_of(c);
            if (slots.begin == slot) {
              place_dropout(head, l, h, round, slot);
              run(head, chunks.window(round, c, lists.queries, lists.keys),
                  {out + h * l.value_width, max + h, sum + h, l.heads, round == 0,
                   round + 1 == chunks.rounds()},
                  lists.rest);
            }
            slot = std::max(slot + 1, slots.end);
          }
        }
        if (round > 0) return;
        for (RowRange rest : other_rows(offsets, l.sequences, l.rows)) {
          rest = {std::max(rest.begin, begin), std::min(rest.end, end)};
          fill(out + h * l.value_width, out_stride, rest, l.value_width, 0);
          fill(max + h, l.heads, rest, 1, -std::numeric_limits<float>::infinity());
          fill(sum + h, l.heads, rest, 1, 0);
        }
      });
  };
  return {body, Lists::bytes(l) + window_scratch(l.window_rows, l.width, l.value_width) * sizeof(float)};
}

// An item is one head of one sequence, so that the gradients of its rows are summed by one thread in a fixed
// order; the items after the last sequence clear the rows that belong to none.
Kernel ChunkAttentionGrad::kernel(const Context&, std::span<const TensorType> in,
                                  std::span<const TensorType>) const {
  const Layout l = layout_of(options, in);
  const size_t n = operand_count(options);
  const auto body = [l, n, run = window_backward(), options = options, rounds = rounds](
                        const KernelArgs& args, Worker& worker) {
    const AttentionDropout dropout = dropout_of(options, args);
    worker.for_each((l.sequences + 1) * l.heads, [&](int64_t item) {
      const int64_t s = item / l.heads, h = item % l.heads;
      WindowHead head = head_of(options, rounds, l, args, dropout, h);
      const WindowGrad grad{args.input<float>(n) + h * l.value_width,
                            args.input<float>(n + 1) + h,
                            args.input<float>(n + 2) + h,
                            args.input<float>(n + 3) + h * l.value_width,
                            l.heads,
                            args.output<float>(0) + h * l.width,
                            args.output<float>(1) + h * l.width,
                            args.output<float>(2) + h * l.value_width};
      const auto clear = [&](RowRange range) {
        fill(grad.q_grad, head.stride, range, l.width, 0);
        fill(grad.k_grad, head.stride, range, l.width, 0);
        fill(grad.v_grad, head.value_stride, range, l.value_width, 0);
      };
      if (s == l.sequences) {
        for (const RowRange rest : other_rows(args.input<int32_t>(4), s, l.rows)) clear(rest);
        return;
      }
      const Chunks chunks(options, rounds, l, args, s, h);
      const Lists lists(l, worker);
      clear(chunks.slots());
      for (int64_t round = 0; round < chunks.rounds(); ++round)
        for (int64_t slot = chunks.slots().begin; slot < chunks.slots().end;) {
          const int64_t c = chunks.chunk_of(slot);
          const RowRange slots = chunks.slots_of(c);
          place_dropout(head, l, h, round, slot);
          run(head, chunks.window(round, c, lists.queries, lists.keys), grad, lists.rest);
          slot = std::max(slot + 1, slots.end);
        }
    });
  };
  return {body, Lists::bytes(l) + window_grad_scratch(l.window_rows, l.width, l.value_width) * sizeof(float)};
}

}  // namespace frugal

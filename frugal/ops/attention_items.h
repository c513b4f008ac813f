// What attention's operations share: what their input types say, and how their work is cut into items.
#pragma once

#include <algorithm>
#include <limits>

#include "frugal/base/checked.h"
#include "frugal/ops/attention.h"
#include "frugal/ops/attention_kernels.h"
#include "frugal/ops/packed_rows.h"

namespace frugal {

inline constexpr int64_t kMostDistance = 1 << 24;

// What the types of q, k, v and the offsets say.
struct AttentionLayout {
  int64_t query_rows, key_rows, sequences, heads, kv_heads, width, value_width;
  TensorType out() const { return f32({query_rows, heads * value_width}); }
  TensorType lse() const { return f32({query_rows, heads}); }
};
AttentionLayout attention_layout(const AttentionOptions& options, std::span<const TensorType> in);

// How many of an operation's inputs are attention's own: q, k, v, q_offsets, k_offsets and, with dropout,
// random.
size_t attention_operands(const AttentionOptions& options);
void check_attention(const AttentionOptions& options, std::span<const TensorType> in);
std::string text_of(const AttentionOptions& options);

void require_heads(int64_t heads, const TensorType& q, const TensorType& k, const TensorType& v);
// F32[heads, 2 * max_distance + 1].
void require_bias(const TensorType& bias, int64_t heads);

// Of products between all queries and the keys they are taken to see: as many along the width of a key and of
// a value as these say.
double attention_flops(const AttentionOptions& options, const AttentionLayout& layout, double width_products,
                       double value_products);

// One head's columns of a packed tensor.
template <class T>
Strided<T> columns(T* tensor, int64_t first_row, int64_t stride, int64_t first_column) {
  return {tensor + first_row * stride + first_column, stride};
}
inline float* scratch_of(Worker& worker) { return reinterpret_cast<float*>(worker.scratch().data()); }

inline void fill(Strided<float> rows, RowRange range, int64_t width, float value) {
  for (int64_t r = range.begin; r < range.end; ++r) std::fill_n(rows.row(r), width, value);
}

// Of one run: what is dropped, and head h of a sequence with queries q and keys k.
AttentionDropout attention_dropout(const AttentionOptions& options, const KernelArgs& args);
AttentionHead attention_head(const AttentionOptions& options, const AttentionLayout& layout,
                             const KernelArgs& args, const AttentionDropout& dropout, RowRange q, RowRange k,
                             int64_t h);

// Calls f(head, sequence, the sequence's rows, first query) for each head and block of queries, and
// rest(head, rows) for the rows of no sequence. Collective.
//
// An item is one head of the blocks that begin in `block` packed rows: one block of a long sequence or
// several short sequences. Blocks are counted from their sequence's first row, so no sequence sees where the
// items were cut. Items follow each other over the heads of 4 blocks of rows, 512 rows at most, while these
// lie in the second-level cache: a head's part of a row is short, and its neighbours' parts come along with
// it. (With a batch of 8 x 128 tokens, a third faster than one head after the other over all rows.)
template <class F, class Rest>
void for_each_query_block(Worker& worker, int64_t block, int64_t heads, int64_t rows, int64_t sequences,
                          const int32_t* offsets, F&& f, Rest&& rest) {
  constexpr int64_t kMost = 4, kRows = 512;
  const int64_t at_a_time = std::clamp<int64_t>(kRows / block, 1, kMost);
  const int64_t blocks = ceil_div(rows, block);
  worker.for_each(heads * blocks, [&](int64_t item) {
    const int64_t group = item / (heads * at_a_time) * at_a_time, size = std::min(at_a_time, blocks - group);
    const int64_t within = item - group * heads, h = within / size;
    const int64_t begin = (group + within % size) * block, end = std::min(begin + block, rows);
    for (int64_t s = first_ending_after(offsets, sequences, begin); s < sequences; ++s) {
      const RowRange q = sequence_rows(offsets, s, rows);
      if (q.begin >= end) break;
      const int64_t first = round_up(std::max<int64_t>(0, begin - q.begin), block);
      if (q.begin + first < std::min(end, q.end)) f(h, s, q, first);
    }
    for (const RowRange other : other_rows(offsets, sequences, rows))
      rest(h, RowRange{std::max(other.begin, begin), std::min(other.end, end)});
  });
}

// `relative`: the bias table and the positions of queries and keys follow the operands, and in the gradient
// the table's gradient and a partial sum for each sequence follow the outputs.
Kernel attention_kernel(const AttentionOptions& options, std::span<const TensorType> in, bool relative);
Kernel attention_grad_kernel(const AttentionOptions& options, std::span<const TensorType> in, bool relative);

// The forward pass over all query blocks: run(head, first query, queries, out, log-sum-exp, scratch) for
// each, of operands.head(q, k, h); rows of no sequence get out 0 and log-sum-exp -infinity. Inputs 3 and 4
// are the offsets of q and k; outputs are out and log-sum-exp. Collective.
template <class Operands, class Run>
void attend_query_blocks(const AttentionLayout& l, const Operands& operands, Run run, const KernelArgs& args,
                         Worker& worker) {
  const int64_t out_stride = l.heads * l.value_width;
  for_each_query_block(
      worker, kQueryBlock, l.heads, l.query_rows, l.sequences, args.input<int32_t>(3),
      [&](int64_t h, int64_t s, RowRange q, int64_t first) {
        run(operands.head(q, sequence_rows(args.input<int32_t>(4), s, l.key_rows), h), first,
            std::min(kQueryBlock, q.count() - first),
            columns(args.output<float>(0), q.begin, out_stride, h * l.value_width),
            columns(args.output<float>(1), q.begin, l.heads, h), scratch_of(worker));
      },
      [&](int64_t h, RowRange rest) {
        fill({args.output<float>(0) + h * l.value_width, out_stride}, rest, l.value_width, 0);
        fill({args.output<float>(1) + h, l.heads}, rest, 1, -std::numeric_limits<float>::infinity());
      });
}

}  // namespace frugal

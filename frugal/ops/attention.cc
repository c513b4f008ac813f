#include "frugal/ops/attention.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "frugal/base/checked.h"
#include "frugal/base/random.h"
#include "frugal/graph/gradient.h"
#include "frugal/ops/attention_kernels.h"

namespace frugal {
namespace {

// What the input types say.
struct Layout {
  int64_t query_rows, key_rows, sequences, heads, kv_heads, width, value_width;
};

Layout layout_of(const AttentionOptions& options, std::span<const TensorType> in) {
  Layout l;
  l.heads = options.heads;
  l.query_rows = in[0].shape[0];
  l.key_rows = in[1].shape[0];
  l.width = in[0].shape[1] / l.heads;
  l.kv_heads = in[1].shape[1] / l.width;
  l.value_width = in[2].shape[1] / l.kv_heads;
  l.sequences = in[3].shape[0] - 1;
  return l;
}

size_t operand_count(const AttentionOptions& options) { return options.dropout > 0 ? 6 : 5; }

void check(const AttentionOptions& options, std::span<const TensorType> in) {
  require(options.heads >= 1, "needs at least one head");
  require(std::isfinite(options.scale), "the scale is not a finite number");
  require(options.dropout >= 0 && options.dropout < 1, "the dropout is not in [0, 1)");
  require(options.longest >= 1, "the bound of a sequence's length is not positive");
  require(in.size() >= operand_count(options),
          "needs q, k, v and their offsets, and the random seed with dropout");
  require_type(in[0], DType::f32, 2, "q");
  require_type(in[1], DType::f32, 2, "k");
  require_type(in[2], DType::f32, 2, "v");
  require_type(in[3], DType::i32, 1, "q_offsets");
  require_type(in[4], DType::i32, 1, "k_offsets");
  require(in[3].shape[0] >= 1 && in[3].shape == in[4].shape, "the offsets of q and k differ in number");
  for (int i : {0, 1})
    require(in[i].shape[0] <= std::numeric_limits<int32_t>::max(), "more rows than offsets can count");
  require(in[0].shape[1] >= options.heads && in[0].shape[1] % options.heads == 0,
          fmt::format("q's width {} is no multiple of the {} heads", in[0].shape[1], options.heads));
  const int64_t width = in[0].shape[1] / options.heads, kv_heads = in[1].shape[1] / width;
  require(in[1].shape[1] % width == 0 && kv_heads >= 1 && options.heads % kv_heads == 0,
          fmt::format("k's width {} is not {} floats for each of a number of heads that divides {}",
                      in[1].shape[1], width, options.heads));
  require(in[2].shape[1] >= kv_heads && in[2].shape[1] % kv_heads == 0,
          fmt::format("v's width {} is no multiple of the {} heads of k", in[2].shape[1], kv_heads));
  require(in[1].shape[0] == in[2].shape[0], "k and v differ in rows");
  if (options.dropout > 0)
    require_type(in[5], DType::i64, 1, "random"), require(in[5].shape[0] == 2, "random needs {seed, step}");
}

std::string text_of(const AttentionOptions& o) {
  return fmt::format("heads={} scale={} causal={} dropout={} site={} longest={}", o.heads, o.scale, o.causal,
                     o.dropout, o.site, o.longest);
}

// Multiply-adds count two. How long the sequences of a run are is not known here: every query is taken to see
// `longest` keys (half of them if causal), which is right for one sequence and too much for a ragged batch.
// The softmax, a tenth of the time, is left out.
double product_flops(const AttentionOptions& options, const Layout& l, double width_products,
                     double value_products) {
  double keys = static_cast<double>(std::min(options.longest, l.key_rows));
  if (options.causal) keys = (keys + 1) / 2;
  return 2.0 * static_cast<double>(l.query_rows * l.heads) * keys *
         (width_products * static_cast<double>(l.width) +
          value_products * static_cast<double>(l.value_width));
}

struct Range {
  int64_t begin, end;
  int64_t count() const { return end - begin; }
};

// The rows of sequence s, cut to the tensor: offsets are data of the run and may be anything.
Range sequence_rows(const int32_t* offsets, int64_t s, int64_t rows) {
  const int64_t begin = std::clamp<int64_t>(offsets[s], 0, rows);
  return {begin, std::clamp<int64_t>(offsets[s + 1], begin, rows)};
}

// The rows before the first sequence and after the last; both belong to none.
std::array<Range, 2> other_rows(const int32_t* offsets, int64_t sequences, int64_t rows) {
  const int64_t first = std::clamp<int64_t>(offsets[0], 0, rows);
  return {Range{0, first}, Range{std::clamp<int64_t>(offsets[sequences], first, rows), rows}};
}

AttentionDropout dropout_of(const AttentionOptions& options, const KernelArgs& args) {
  AttentionDropout dropout;
  dropout.threshold = static_cast<uint32_t>(std::lround(options.dropout * 65536.0));
  dropout.threshold = std::min(dropout.threshold, 65535u);
  if (dropout.threshold == 0) return dropout;
  const int64_t* random = args.input<int64_t>(5);
  const auto bits = philox(static_cast<uint64_t>(random[0]), static_cast<uint64_t>(random[1]), options.site);
  dropout.key = bits[0] | uint64_t{bits[1]} << 32;
  return dropout;
}

// One head's columns of a packed tensor.
template <class T>
Strided<T> columns(T* tensor, int64_t first_row, int64_t stride, int64_t first_column) {
  return {tensor + first_row * stride + first_column, stride};
}

// Head h of a sequence: its queries and keys.
AttentionHead head_of(const AttentionOptions& options, const Layout& l, const KernelArgs& args,
                      const AttentionDropout& dropout, Range q, Range k, int64_t h) {
  const int64_t kv_head = h / (l.heads / l.kv_heads);
  AttentionHead head;
  head.q = columns(args.input<float>(0), q.begin, l.heads * l.width, h * l.width);
  head.k = columns(args.input<float>(1), k.begin, l.kv_heads * l.width, kv_head * l.width);
  head.v = columns(args.input<float>(2), k.begin, l.kv_heads * l.value_width, kv_head * l.value_width);
  head.queries = q.count();
  head.keys = k.count();
  head.width = l.width;
  head.value_width = l.value_width;
  head.scale = options.scale;
  head.causal = options.causal;
  head.dropout = dropout;
  head.dropout.first_row = static_cast<uint32_t>(q.begin);
  head.dropout.head = static_cast<uint32_t>(h);
  return head;
}

void fill(Strided<float> rows, Range range, int64_t width, float value) {
  for (int64_t r = range.begin; r < range.end; ++r) std::fill_n(rows.row(r), width, value);
}

float* scratch_of(Worker& worker) { return reinterpret_cast<float*>(worker.scratch().data()); }

}  // namespace

Value attention(Value q, Value k, Value v, Value q_offsets, Value k_offsets, const AttentionOptions& options,
                Value random) {
  std::vector<Value> inputs{q, k, v, q_offsets, k_offsets};
  if (options.dropout > 0 && random) inputs.push_back(random);
  return q.graph->add<Attention>(std::move(inputs), options);
}

std::string Attention::attributes() const { return text_of(options); }
std::string AttentionGrad::attributes() const { return text_of(options); }

std::vector<TensorType> Attention::infer(std::span<const TensorType> in) const {
  check(options, in);
  require(in.size() == operand_count(options), "has an input too many");
  const Layout l = layout_of(options, in);
  return {f32({l.query_rows, l.heads * l.value_width}), f32({l.query_rows, l.heads})};
}

std::vector<TensorType> AttentionGrad::infer(std::span<const TensorType> in) const {
  check(options, in);
  const size_t n = operand_count(options);
  const Layout l = layout_of(options, in);
  const TensorType out = f32({l.query_rows, l.heads * l.value_width});
  require(in.size() == n + 3 && in[n] == out && in[n + 1] == f32({l.query_rows, l.heads}) && in[n + 2] == out,
          "needs attention's inputs, its outputs and out's gradient");
  return {in[0], in[1], in[2]};
}

std::vector<Value> Attention::gradient(const GradientContext& context) const {
  require(!context.output_gradients[1], "attention's log-sum-exp has no gradient");
  std::vector<Value> inputs = context.inputs;
  inputs.insert(inputs.end(), {context.outputs[0], context.outputs[1], context.output_gradients[0]});
  std::vector<Value> gradients(context.inputs.size());
  const Value node = context.graph.add<AttentionGrad>(std::move(inputs), options);
  for (int i = 0; i < 3; ++i) gradients[i] = Graph::output_of(node, i);
  return gradients;
}

Work Attention::work(std::span<const TensorType> in, std::span<const TensorType> out) const {
  Work work = Op::work(in, out);
  work.flops = product_flops(options, layout_of(options, in), 1, 1);
  return work;
}

Work AttentionGrad::work(std::span<const TensorType> in, std::span<const TensorType> out) const {
  Work work = Op::work(in, out);
  work.flops = product_flops(options, layout_of(options, in), 3, 2);
  return work;
}

// Items follow each other over the heads of 4 blocks of rows, while these lie in the second-level cache: a
// head's part of a row is short, and its neighbours' parts come along with it. (With a batch of 8 x 128
// tokens, a third faster than one head after the other over all rows.)
constexpr int64_t kBlocksAtATime = 4;

struct ForwardItem {
  int64_t head, first_row;
};

ForwardItem forward_item(int64_t item, int64_t heads, int64_t blocks) {
  const int64_t group = item / (heads * kBlocksAtATime), first = group * kBlocksAtATime;
  const int64_t size = std::min(kBlocksAtATime, blocks - first), within = item - first * heads;
  return {within / size, (first + within % size) * kQueryBlock};
}

// An item is one head of the blocks of queries that begin in 48 packed rows: one block of a long sequence or
// several short sequences. Blocks are counted from their sequence's first row, so no sequence sees where the
// items were cut.
Kernel Attention::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const Layout l = layout_of(options, in);
  const auto run = attention_forward();
  const auto body = [l, run, options = options](const KernelArgs& args, Worker& worker) {
    const int32_t *q_offsets = args.input<int32_t>(3), *k_offsets = args.input<int32_t>(4);
    const AttentionDropout dropout = dropout_of(options, args);
    const int64_t out_stride = l.heads * l.value_width, blocks = ceil_div(l.query_rows, kQueryBlock);
    worker.for_each(l.heads * blocks, [&](int64_t item) {
      const auto [h, begin] = forward_item(item, l.heads, blocks);
      const int64_t end = std::min(begin + kQueryBlock, l.query_rows);
      const int32_t* ends = q_offsets + 1;
      for (int64_t s = std::upper_bound(ends, ends + l.sequences, begin) - ends; s < l.sequences; ++s) {
        const Range q = sequence_rows(q_offsets, s, l.query_rows);
        if (q.begin >= end) break;
        const int64_t first = round_up(std::max<int64_t>(0, begin - q.begin), kQueryBlock);
        if (q.begin + first >= std::min(end, q.end)) continue;
        const AttentionHead head =
            head_of(options, l, args, dropout, q, sequence_rows(k_offsets, s, l.key_rows), h);
        run(head, first, std::min(kQueryBlock, q.count() - first),
            columns(args.output<float>(0), q.begin, out_stride, h * l.value_width),
            columns(args.output<float>(1), q.begin, l.heads, h), scratch_of(worker));
      }
      for (Range rest : other_rows(q_offsets, l.sequences, l.query_rows)) {
        rest = {std::max(rest.begin, begin), std::min(rest.end, end)};
        fill({args.output<float>(0) + h * l.value_width, out_stride}, rest, l.value_width, 0);
        fill({args.output<float>(1) + h, l.heads}, rest, 1, -std::numeric_limits<float>::infinity());
      }
    });
  };
  return {body, attention_scratch(l.width) * sizeof(float)};
}

// An item is one key head of one sequence, so that the gradients of k and v are summed by one thread in a
// fixed order; the items after the last sequence clear the rows that belong to none.
Kernel AttentionGrad::kernel(const Context&, std::span<const TensorType> in,
                             std::span<const TensorType>) const {
  const Layout l = layout_of(options, in);
  const size_t n = operand_count(options);
  const auto run = attention_backward();
  const auto body = [l, n, run, options = options](const KernelArgs& args, Worker& worker) {
    const int32_t *q_offsets = args.input<int32_t>(3), *k_offsets = args.input<int32_t>(4);
    const AttentionDropout dropout = dropout_of(options, args);
    const int64_t q_stride = l.heads * l.width, k_stride = l.kv_heads * l.width;
    const int64_t v_stride = l.kv_heads * l.value_width, out_stride = l.heads * l.value_width;
    const int64_t group = l.heads / l.kv_heads;
    worker.for_each((l.sequences + 1) * l.kv_heads, [&](int64_t item) {
      const int64_t s = item / l.kv_heads, kv_head = item % l.kv_heads;
      float* q_grad = args.output<float>(0);
      const auto all_k_grad = columns(args.output<float>(1), 0, k_stride, kv_head * l.width);
      const auto all_v_grad = columns(args.output<float>(2), 0, v_stride, kv_head * l.value_width);
      if (s == l.sequences) {
        for (const Range rest : other_rows(q_offsets, s, l.query_rows))
          fill(columns(q_grad, 0, q_stride, kv_head * group * l.width), rest, group * l.width, 0);
        for (const Range rest : other_rows(k_offsets, s, l.key_rows)) {
          fill(all_k_grad, rest, l.width, 0);
          fill(all_v_grad, rest, l.value_width, 0);
        }
        return;
      }
      const Range q = sequence_rows(q_offsets, s, l.query_rows), k = sequence_rows(k_offsets, s, l.key_rows);
      fill(all_k_grad, k, l.width, 0);
      fill(all_v_grad, k, l.value_width, 0);
      const Strided<float> k_grad{all_k_grad.row(k.begin), k_stride},
          v_grad{all_v_grad.row(k.begin), v_stride};
      for (int64_t h = kv_head * group; h < (kv_head + 1) * group; ++h) {
        const AttentionHeadGrad grad{
            columns(args.input<float>(n), q.begin, out_stride, h * l.value_width),
            columns(args.input<float>(n + 2), q.begin, out_stride, h * l.value_width),
            columns(args.input<float>(n + 1), q.begin, l.heads, h),
            columns(q_grad, q.begin, q_stride, h * l.width),
            k_grad,
            v_grad};
        run(head_of(options, l, args, dropout, q, k, h), grad, scratch_of(worker));
      }
    });
  };
  return {body, attention_grad_scratch(l.width, l.value_width) * sizeof(float)};
}

}  // namespace frugal

#include "frugal/ops/xl_attention.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "frugal/base/checked.h"
#include "frugal/base/random.h"
#include "frugal/graph/gradient.h"
#include "frugal/ops/packed_rows.h"
#include "frugal/ops/reshape.h"
#include "frugal/ops/sum_rows.h"
#include "frugal/ops/xl_attention_kernels.h"

namespace frugal {
namespace {

struct Layout {
  int64_t query_rows, key_rows, sequences, heads, width, value_width, distances, hidden_width;
  int64_t groups() const { return std::clamp<int64_t>(sequences, 1, 8); }  // that sum up gradients
  int64_t first_of(int64_t group) const { return sequences * group / groups(); }
};

bool absent(const TensorType& type) { return type.shape.empty(); }

Layout layout_of(const XlAttentionOptions& options, std::span<const TensorType> in) {
  Layout l;
  l.heads = options.heads;
  l.query_rows = in[0].shape[0];
  l.key_rows = in[1].shape[0];
  l.width = in[0].shape[1] / l.heads;
  l.value_width = in[2].shape[1] / l.heads;
  l.sequences = in[3].shape[0] - 1;
  l.distances = in[kXlTable].shape[0];
  l.hidden_width = absent(in[kXlHidden]) ? 0 : in[kXlHidden].shape[1];
  return l;
}

void check(const XlAttentionOptions& options, std::span<const TensorType> in) {
  require(options.heads >= 1, "needs at least one head");
  require(std::isfinite(options.scale), "the scale is not a finite number");
  require(options.dropout >= 0 && options.dropout < 1, "the dropout is not in [0, 1)");
  require(options.longest >= 1, "the bound of a sequence's length is not positive");
  require(options.window >= 0 && (options.window == 0 || options.causal), "a window needs causal attention");
  require(in.size() >= kXlInputs, "needs q, k, v, their offsets, random or empty, and the terms");
  require_type(in[0], DType::f32, 2, "q");
  require_type(in[1], DType::f32, 2, "k");
  require_type(in[2], DType::f32, 2, "v");
  require_type(in[3], DType::i32, 1, "q_offsets");
  require_type(in[4], DType::i32, 1, "k_offsets");
  const int64_t columns = in[0].shape[1], queries = in[0].shape[0], keys = in[1].shape[0];
  require(std::max(queries, keys) <= std::numeric_limits<int32_t>::max(), "more rows than offsets can count");
  require(columns >= options.heads && columns % options.heads == 0,
          fmt::format("q's width {} is no multiple of the {} heads", columns, options.heads));
  require(in[1].shape[1] == columns, "k's width is not q's");
  require(in[2].shape[0] == keys && in[2].shape[1] >= options.heads && in[2].shape[1] % options.heads == 0,
          "v has not k's rows, or a width that is no multiple of the heads");
  require(in[3].shape[0] >= 1 && in[3].shape == in[4].shape, "the offsets of q and k differ in number");
  require(options.dropout == 0 || in[kXlRandom] == TensorType{DType::i64, {2}}, "random needs {seed, step}");
  require_type(in[kXlTable], DType::f32, 2, "r");
  const int64_t distances = in[kXlTable].shape[0];
  require(distances >= 1 && distances < 1 << 24 && in[kXlTable].shape[1] == columns,
          "r needs rows of k's width, less than 2^24");
  require(options.back >= 0 && options.back < distances, "r has no row of distance 0");
  require(options.memory >= 0, "the memory is negative");
  const int64_t width = columns / options.heads;
  for (int bias : {kXlContentBias, kXlPositionBias, kXlSegmentBias})
    require(in[bias] == f32({options.heads, width}), "a bias needs a value for each head and column");
  require(in[kXlSegments] == f32({2, options.heads, width}), "the segments need two vectors for each head");
  require(in[kXlQueryPositions] == i32({queries}) && in[kXlQueryTypes] == i32({queries}),
          "needs I32 positions and types of the queries");
  require(in[kXlKeyPositions] == i32({keys}) && in[kXlKeyTypes] == i32({keys}),
          "needs I32 positions and types of the keys");
  if (absent(in[kXlHidden])) return;
  require_type(in[kXlHidden], DType::u8, 2, "hidden");
  require(in[kXlHidden].shape[0] == queries, "hidden has not q's rows");
}

std::string text_of(const XlAttentionOptions& o) {
  return fmt::format("heads={} scale={} causal={} window={} back={} memory={} dropout={} site={} longest={}",
                     o.heads, o.scale, o.causal, o.window, o.back, o.memory, o.dropout, o.site, o.longest);
}

// As attention's; a block of 48 queries meets up to 47 distances more than keys.
double product_flops(const XlAttentionOptions& options, const Layout& l, double width_products,
                     double value_products) {
  const auto keys = static_cast<double>(std::min(options.longest, l.key_rows));
  const double width = static_cast<double>(l.width), value_width = static_cast<double>(l.value_width);
  return 2.0 * static_cast<double>(l.query_rows * l.heads) *
         (width_products * width * (2 * keys + kQueryBlock - 1) + value_products * value_width * keys);
}

template <class T>
Strided<T> columns(T* tensor, int64_t first_row, int64_t stride, int64_t first_column) {
  return {tensor + first_row * stride + first_column, stride};
}

void fill(Strided<float> rows, RowRange range, int64_t width, float value) {
  for (int64_t r = range.begin; r < range.end; ++r) std::fill_n(rows.row(r), width, value);
}

float* scratch_of(Worker& worker) { return reinterpret_cast<float*>(worker.scratch().data()); }

// The arguments of one run.
struct Operands {
  Operands(const XlAttentionOptions& o, const Layout& layout, const KernelArgs& a)
      : options(o), l(layout), args(a) {
    dropout.threshold = std::min<uint32_t>(static_cast<uint32_t>(std::lround(o.dropout * 65536.0)), 65535u);
    if (dropout.threshold == 0) return;
    const int64_t* random = args.input<int64_t>(kXlRandom);
    const auto bits = philox(static_cast<uint64_t>(random[0]), static_cast<uint64_t>(random[1]), o.site);
    dropout.key = bits[0] | uint64_t{bits[1]} << 32;
  }

  // Head h of a sequence: its queries and keys.
  XlHead head(RowRange q, RowRange k, int64_t h) const {
    const int64_t stride = l.heads * l.width, column = h * l.width;
    XlHead head;
    head.q = columns(args.input<float>(0), q.begin, stride, column);
    head.k = columns(args.input<float>(1), k.begin, stride, column);
    head.v = columns(args.input<float>(2), k.begin, l.heads * l.value_width, h * l.value_width);
    head.queries = q.count(), head.keys = k.count();
    head.width = l.width, head.value_width = l.value_width;
    head.scale = options.scale;
    head.causal = options.causal;
    head.window = options.window;
    head.dropout = dropout;
    head.dropout.first_row = static_cast<uint32_t>(q.begin);
    head.dropout.head = static_cast<uint32_t>(h);
    head.r = columns(args.input<float>(kXlTable), 0, stride, column);
    head.distances = l.distances, head.back = options.back;
    head.content_bias = args.input<float>(kXlContentBias) + column;
    head.position_bias = args.input<float>(kXlPositionBias) + column;
    head.segment_bias = args.input<float>(kXlSegmentBias) + column;
    head.same = args.input<float>(kXlSegments) + column;
    head.other = head.same + stride;
    head.q_positions = args.input<int32_t>(kXlQueryPositions) + q.begin;
    head.k_positions = args.input<int32_t>(kXlKeyPositions) + k.begin;
    head.q_types = args.input<int32_t>(kXlQueryTypes) + q.begin;
    head.k_types = args.input<int32_t>(kXlKeyTypes) + k.begin;
    head.hidden = {nullptr, l.hidden_width};
    if (l.hidden_width > 0) head.hidden.data = args.input<uint8_t>(kXlHidden) + q.begin * l.hidden_width;
    head.hidden_width = l.hidden_width, head.memory = options.memory;
    return head;
  }

  const XlAttentionOptions& options;
  const Layout& l;
  const KernelArgs& args;
  AttentionDropout dropout;
};

}  // namespace

Value xl_attention(Value q, Value k, Value v, Value q_offsets, Value k_offsets, const XlTerms& t,
                   const XlAttentionOptions& options, Value random) {
  return q.graph->add<XlAttention>({q, k, v, q_offsets, k_offsets, options.dropout > 0 ? random : Value{},
                                    t.r, t.content_bias, t.position_bias, t.segment_bias, t.segments,
                                    t.q_positions, t.k_positions, t.q_types, t.k_types, t.hidden},
                                   options);
}

std::string XlAttention::attributes() const { return text_of(options); }
std::string XlAttentionGrad::attributes() const { return text_of(options); }

std::vector<TensorType> XlAttention::infer(std::span<const TensorType> in) const {
  check(options, in);
  require(in.size() == kXlInputs, "has an input too many");
  const Layout l = layout_of(options, in);
  return {f32({l.query_rows, l.heads * l.value_width}), f32({l.query_rows, l.heads})};
}

std::vector<TensorType> XlAttentionGrad::infer(std::span<const TensorType> in) const {
  check(options, in);
  const Layout l = layout_of(options, in);
  const TensorType out = f32({l.query_rows, l.heads * l.value_width});
  require(in.size() == kXlInputs + 3 && in[kXlInputs] == out &&
              in[kXlInputs + 1] == f32({l.query_rows, l.heads}) && in[kXlInputs + 2] == out,
          "needs xl_attention's inputs, its outputs and out's gradient");
  const int64_t groups = l.groups(), columns = l.heads * l.width;
  const TensorType bias = f32({groups, columns});
  return {in[0], in[1], in[2], f32({groups, l.distances * columns}),
          bias,  bias,  bias,  f32({groups, 2 * columns})};
}

std::vector<Value> XlAttention::gradient(const GradientContext& context) const {
  require(!context.output_gradients[1], "attention's log-sum-exp has no gradient");
  std::vector<Value> inputs = context.inputs;
  inputs.insert(inputs.end(), {context.outputs[0], context.outputs[1], context.output_gradients[0]});
  std::vector<Value> gradients(kXlInputs);
  const Value node = context.graph.add<XlAttentionGrad>(std::move(inputs), options);
  for (int i = 0; i < 3; ++i) gradients[i] = Graph::output_of(node, i);
  for (int i = kXlTable; i <= kXlSegments; ++i)
    gradients[i] = reshape(sum_rows(Graph::output_of(node, 3 + i - kXlTable)), context.inputs[i].shape());
  return gradients;
}

Work XlAttention::work(std::span<const TensorType> in, std::span<const TensorType> out) const {
  Work work = Op::work(in, out);
  work.flops = product_flops(options, layout_of(options, in), 1, 1);
  return work;
}

Work XlAttentionGrad::work(std::span<const TensorType> in, std::span<const TensorType> out) const {
  Work work = Op::work(in, out);
  work.flops = product_flops(options, layout_of(options, in), 3, 2);
  return work;
}

// Items as attention's: one head of the blocks of queries that begin in 48 packed rows.
Kernel XlAttention::kernel(const Context&, std::span<const TensorType> in,
                           std::span<const TensorType>) const {
  const Layout l = layout_of(options, in);
  const auto run = xl_attention_forward();
  const auto body = [l, run, options = options](const KernelArgs& args, Worker& worker) {
    const int32_t *q_offsets = args.input<int32_t>(3), *k_offsets = args.input<int32_t>(4);
    const Operands operands(options, l, args);
    const int64_t out_stride = l.heads * l.value_width;
    worker.for_each(l.heads * ceil_div(l.query_rows, kQueryBlock), [&](int64_t item) {
      const int64_t h = item % l.heads, begin = item / l.heads * kQueryBlock;
      const int64_t end = std::min(begin + kQueryBlock, l.query_rows);
      const int32_t* ends = q_offsets + 1;
      for (int64_t s = std::upper_bound(ends, ends + l.sequences, begin) - ends; s < l.sequences; ++s) {
        const RowRange q = sequence_rows(q_offsets, s, l.query_rows);
        if (q.begin >= end) break;
        const int64_t first = round_up(std::max<int64_t>(0, begin - q.begin), kQueryBlock);
        if (q.begin + first >= std::min(end, q.end)) continue;
        run(operands.head(q, sequence_rows(k_offsets, s, l.key_rows), h), first,
            std::min(kQueryBlock, q.count() - first),
            columns(args.output<float>(0), q.begin, out_stride, h * l.value_width),
            columns(args.output<float>(1), q.begin, l.heads, h), scratch_of(worker));
      }
      for (RowRange rest : other_rows(q_offsets, l.sequences, l.query_rows)) {
        rest = {std::max(rest.begin, begin), std::min(rest.end, end)};
        fill({args.output<float>(0) + h * l.value_width, out_stride}, rest, l.value_width, 0);
        fill({args.output<float>(1) + h, l.heads}, rest, 1, -std::numeric_limits<float>::infinity());
      }
    });
  };
  return {body, xl_attention_scratch(l.width, l.distances) * sizeof(float)};
}

// An item is one head of a group of sequences, taken from the first to the last; the items after the last
// group clear the rows that belong to no sequence.
Kernel XlAttentionGrad::kernel(const Context&, std::span<const TensorType> in,
                               std::span<const TensorType>) const {
  const Layout l = layout_of(options, in);
  const auto run = xl_attention_backward();
  const auto body = [l, run, options = options](const KernelArgs& args, Worker& worker) {
    const int32_t *q_offsets = args.input<int32_t>(3), *k_offsets = args.input<int32_t>(4);
    const Operands operands(options, l, args);
    const int64_t stride = l.heads * l.width, value_stride = l.heads * l.value_width;
    worker.for_each((l.groups() + 1) * l.heads, [&](int64_t item) {
      const int64_t group = item / l.heads, h = item % l.heads, column = h * l.width;
      const auto q_grad = columns(args.output<float>(0), 0, stride, column);
      const auto k_grad = columns(args.output<float>(1), 0, stride, column);
      const auto v_grad = columns(args.output<float>(2), 0, value_stride, h * l.value_width);
      const auto clear_keys = [&](RowRange rows) {
        fill(k_grad, rows, l.width, 0);
        fill(v_grad, rows, l.value_width, 0);
      };
      if (group == l.groups()) {
        for (const RowRange rest : other_rows(q_offsets, l.sequences, l.query_rows))
          fill(q_grad, rest, l.width, 0);
        for (const RowRange rest : other_rows(k_offsets, l.sequences, l.key_rows)) clear_keys(rest);
        return;
      }
      XlHeadGrad grad;
      grad.r_grad = columns(args.output<float>(3), group * l.distances, stride, column);
      fill(grad.r_grad, {0, l.distances}, l.width, 0);
      const auto sum = [&](int output, int64_t row) {
        float* place = args.output<float>(output) + row * stride + column;
        std::fill_n(place, l.width, 0.0f);
        return place;
      };
      grad.content_bias = sum(4, group), grad.position_bias = sum(5, group),
      grad.segment_bias = sum(6, group);
      grad.same = sum(7, 2 * group), grad.other = sum(7, 2 * group + 1);
      for (int64_t s = l.first_of(group); s < l.first_of(group + 1); ++s) {
        const RowRange q = sequence_rows(q_offsets, s, l.query_rows),
                       k = sequence_rows(k_offsets, s, l.key_rows);
        clear_keys(k);
        grad.out = columns(args.input<float>(kXlInputs), q.begin, value_stride, h * l.value_width);
        grad.lse = columns(args.input<float>(kXlInputs + 1), q.begin, l.heads, h);
        grad.out_grad = columns(args.input<float>(kXlInputs + 2), q.begin, value_stride, h * l.value_width);
        grad.q_grad = {q_grad.row(q.begin), stride};
        grad.k_grad = {k_grad.row(k.begin), stride};
        grad.v_grad = {v_grad.row(k.begin), value_stride};
        run(operands.head(q, k, h), grad, scratch_of(worker));
      }
    });
  };
  return {body, xl_attention_grad_scratch(l.width, l.value_width, l.distances) * sizeof(float)};
}

}  // namespace frugal

#include "frugal/ops/xl_attention.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "frugal/graph/gradient.h"
#include "frugal/ops/attention_items.h"
#include "frugal/ops/reshape.h"
#include "frugal/ops/sum_rows.h"
#include "frugal/ops/xl_attention_kernels.h"

namespace frugal {
namespace {

bool absent(const TensorType& type) { return type.shape.empty(); }

int64_t hidden_width_of(std::span<const TensorType> in) {
  return absent(in[kXlHidden]) ? 0 : in[kXlHidden].shape[1];
}

// Groups of sequences that sum up the gradients of what all share.
int64_t groups_of(int64_t sequences) { return std::clamp<int64_t>(sequences, 1, 8); }

void check(const XlAttentionOptions& options, std::span<const TensorType> in) {
  require(in.size() >= kXlInputs, "needs q, k, v, their offsets, random or empty, and the terms");
  check_attention(options, in);
  const int64_t columns = in[0].shape[1], queries = in[0].shape[0], keys = in[1].shape[0];
  require(in[1].shape[1] == columns, "k's width is not q's");
  require_type(in[kXlTable], DType::f32, 2, "r");
  const int64_t distances = in[kXlTable].shape[0];
  require(distances >= 1 && distances < kMostDistance && in[kXlTable].shape[1] == columns,
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
  return fmt::format("{} back={} memory={}", text_of(static_cast<const AttentionOptions&>(o)), o.back,
                     o.memory);
}

// Distances are multiplied like keys: a block of 48 queries meets as many, and up to 47 more.
double product_flops(const XlAttentionOptions& options, std::span<const TensorType> in, double width_products,
                     double value_products) {
  return attention_flops(options, attention_layout(options, in), 2 * width_products, value_products);
}

// The arguments of one run.
struct Operands {
  Operands(const XlAttentionOptions& o, const AttentionLayout& layout, int64_t rows_of_r,
           int64_t width_of_hidden, const KernelArgs& a)
      : options(o),
        l(layout),
        distances(rows_of_r),
        hidden_width(width_of_hidden),
        args(a),
        dropout(attention_dropout(o, a)) {}

  // Head h of a sequence: its queries and keys.
  XlHead head(RowRange q, RowRange k, int64_t h) const {
    const int64_t stride = l.heads * l.width, column = h * l.width;
    XlHead head;
    static_cast<AttentionHead&>(head) = attention_head(options, l, args, dropout, q, k, h);
    head.r = columns(args.input<float>(kXlTable), 0, stride, column);
    head.distances = distances, head.back = options.back;
    head.content_bias = args.input<float>(kXlContentBias) + column;
    head.position_bias = args.input<float>(kXlPositionBias) + column;
    head.segment_bias = args.input<float>(kXlSegmentBias) + column;
    head.same = args.input<float>(kXlSegments) + column;
    head.other = head.same + stride;
    head.q_positions = args.input<int32_t>(kXlQueryPositions) + q.begin;
    head.k_positions = args.input<int32_t>(kXlKeyPositions) + k.begin;
    head.q_types = args.input<int32_t>(kXlQueryTypes) + q.begin;
    head.k_types = args.input<int32_t>(kXlKeyTypes) + k.begin;
    head.hidden = {nullptr, hidden_width};
    if (hidden_width > 0) head.hidden.data = args.input<uint8_t>(kXlHidden) + q.begin * hidden_width;
    head.memory = options.memory;
    return head;
  }

  const XlAttentionOptions& options;
  const AttentionLayout& l;
  const int64_t distances, hidden_width;
  const KernelArgs& args;
  const AttentionDropout dropout;
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
  const AttentionLayout l = attention_layout(options, in);
  return {l.out(), l.lse()};
}

std::vector<TensorType> XlAttentionGrad::infer(std::span<const TensorType> in) const {
  check(options, in);
  const AttentionLayout l = attention_layout(options, in);
  require(in.size() == kXlInputs + 3 && in[kXlInputs] == l.out() && in[kXlInputs + 1] == l.lse() &&
              in[kXlInputs + 2] == l.out(),
          "needs xl_attention's inputs, its outputs and out's gradient");
  const int64_t groups = groups_of(l.sequences);
  std::vector<TensorType> out{in[0], in[1], in[2]};
  for (int i = kXlTable; i <= kXlSegments; ++i) out.push_back(f32({groups, element_count(in[i].shape)}));
  return out;
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
  work.flops = product_flops(options, in, 1, 1);
  return work;
}

Work XlAttentionGrad::work(std::span<const TensorType> in, std::span<const TensorType> out) const {
  Work work = Op::work(in, out);
  work.flops = product_flops(options, in, 3, 2);
  return work;
}

Kernel XlAttention::kernel(const Context&, std::span<const TensorType> in,
                           std::span<const TensorType>) const {
  const AttentionLayout l = attention_layout(options, in);
  const int64_t distances = in[kXlTable].shape[0], hidden_width = hidden_width_of(in);
  const auto run = xl_attention_forward();
  const auto body = [=, options = options](const KernelArgs& args, Worker& worker) {
    attend_query_blocks(l, Operands(options, l, distances, hidden_width, args), run, args, worker);
  };
  return {body, xl_attention_scratch(l.width, distances) * sizeof(float)};
}

// An item is one head of a group of sequences, taken from the first to the last; the items after the last
// group clear the rows that belong to no sequence.
Kernel XlAttentionGrad::kernel(const Context&, std::span<const TensorType> in,
                               std::span<const TensorType>) const {
  const AttentionLayout l = attention_layout(options, in);
  const int64_t distances = in[kXlTable].shape[0], hidden_width = hidden_width_of(in);
  const auto run = xl_attention_backward();
  const auto body = [=, options = options](const KernelArgs& args, Worker& worker) {
    const int32_t *q_offsets = args.input<int32_t>(3), *k_offsets = args.input<int32_t>(4);
    const Operands operands(options, l, distances, hidden_width, args);
    const int64_t stride = l.heads * l.width, value_stride = l.heads * l.value_width;
    const int64_t groups = groups_of(l.sequences);
    worker.for_each((groups + 1) * l.heads, [&](int64_t item) {
      const int64_t group = item / l.heads, h = item % l.heads, column = h * l.width;
      const auto q_grad = columns(args.output<float>(0), 0, stride, column);
      const auto k_grad = columns(args.output<float>(1), 0, stride, column);
      const auto v_grad = columns(args.output<float>(2), 0, value_stride, h * l.value_width);
      const auto clear_keys = [&](RowRange rows) {
        fill(k_grad, rows, l.width, 0);
        fill(v_grad, rows, l.value_width, 0);
      };
      if (group == groups) {
        for (const RowRange rest : other_rows(q_offsets, l.sequences, l.query_rows))
          fill(q_grad, rest, l.width, 0);
        for (const RowRange rest : other_rows(k_offsets, l.sequences, l.key_rows)) clear_keys(rest);
        return;
      }
      XlHeadGrad grad;
      grad.r_grad = columns(args.output<float>(3), group * distances, stride, column);
      fill(grad.r_grad, {0, distances}, l.width, 0);
      const auto sum = [&](int output, int64_t row) {
        float* place = args.output<float>(output) + row * stride + column;
        std::fill_n(place, l.width, 0.0f);
        return place;
      };
      grad.content_bias = sum(4, group), grad.position_bias = sum(5, group);
      grad.segment_bias = sum(6, group);
      grad.same = sum(7, 2 * group), grad.other = sum(7, 2 * group + 1);
      for (int64_t s = l.sequences * group / groups; s < l.sequences * (group + 1) / groups; ++s) {
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
  return {body, xl_attention_grad_scratch(l.width, l.value_width, distances) * sizeof(float)};
}

}  // namespace frugal

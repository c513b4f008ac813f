#include "frugal/ops/attention_items.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "frugal/base/checked.h"
#include "frugal/base/random.h"
#include "frugal/ops/packed_rows.h"
#include "frugal/ops/row_sums.h"

namespace frugal {

AttentionLayout attention_layout(const AttentionOptions& options, std::span<const TensorType> in) {
  AttentionLayout l;
  l.heads = options.heads;
  l.query_rows = in[0].shape[0];
  l.key_rows = in[1].shape[0];
  l.width = in[0].shape[1] / l.heads;
  l.kv_heads = in[1].shape[1] / l.width;
  l.value_width = in[2].shape[1] / l.kv_heads;
  l.sequences = in[3].shape[0] - 1;
  return l;
}

size_t attention_operands(const AttentionOptions& options) { return options.dropout > 0 ? 6 : 5; }

void require_heads(int64_t heads, const TensorType& q, const TensorType& k, const TensorType& v) {
  require(q.shape[1] >= heads && q.shape[1] % heads == 0,
          fmt::format("q's width {} is no multiple of the {} heads", q.shape[1], heads));
  const int64_t width = q.shape[1] / heads, kv_heads = k.shape[1] / width;
  require(k.shape[1] % width == 0 && kv_heads >= 1 && heads % kv_heads == 0,
          fmt::format("k's width {} is not {} floats for each of a number of heads that divides {}",
                      k.shape[1], width, heads));
  require(v.shape[1] >= kv_heads && v.shape[1] % kv_heads == 0,
          fmt::format("v's width {} is no multiple of the {} heads of k", v.shape[1], kv_heads));
}

void require_bias(const TensorType& bias, int64_t heads) {
  require_type(bias, DType::f32, 2, "the bias");
  require(bias.shape[0] == heads && bias.shape[1] % 2 == 1 && bias.shape[1] / 2 <= kMostDistance,
          fmt::format("the bias is not F32[{}, 2 * max_distance + 1]", heads));
}

void check_attention(const AttentionOptions& options, std::span<const TensorType> in) {
  require(options.heads >= 1, "needs at least one head");
  require(std::isfinite(options.scale), "the scale is not a finite number");
  require(options.dropout >= 0 && options.dropout < 1, "the dropout is not in [0, 1)");
  require(options.window >= 0 && (options.window == 0 || options.causal),
          "a window needs causal attention and at least one key");
  require(options.longest >= 1, "the bound of a sequence's length is not positive");
  require(in.size() >= attention_operands(options),
          "needs q, k, v and their offsets, and the random seed with dropout");
  require_type(in[0], DType::f32, 2, "q");
  require_type(in[1], DType::f32, 2, "k");
  require_type(in[2], DType::f32, 2, "v");
  require_type(in[3], DType::i32, 1, "q_offsets");
  require_type(in[4], DType::i32, 1, "k_offsets");
  require(in[3].shape[0] >= 1 && in[3].shape == in[4].shape, "the offsets of q and k differ in number");
  for (int i : {0, 1})
    require(in[i].shape[0] <= std::numeric_limits<int32_t>::max(), "more rows than offsets can count");
  require_heads(options.heads, in[0], in[1], in[2]);
  require(in[1].shape[0] == in[2].shape[0], "k and v differ in rows");
  if (options.dropout > 0)
    require_type(in[5], DType::i64, 1, "random"), require(in[5].shape[0] == 2, "random needs {seed, step}");
}

std::string text_of(const AttentionOptions& o) {
  std::string text = fmt::format("heads={} scale={} causal={} dropout={} site={} longest={}", o.heads,
                                 o.scale, o.causal, o.dropout, o.site, o.longest);
  if (o.window > 0) text += fmt::format(" window={}", o.window);
  return text;
}

// Multiply-adds count two. How long the sequences of a run are is not known here: every query is taken to see
// `longest` keys (on average half of them if causal, or the window), which is right for one sequence and too
// much for a ragged batch. The softmax, a tenth of the time, is left out.
double attention_flops(const AttentionOptions& options, const AttentionLayout& l, double width_products,
                       double value_products) {
  double keys = static_cast<double>(std::min(options.longest, l.key_rows));
  if (options.causal) {
    const double window = options.window > 0 ? std::min(static_cast<double>(options.window), keys) : keys;
    keys = keys > 0 ? window - window * (window - 1) / (2 * keys) : 0;
  }
  return 2.0 * static_cast<double>(l.query_rows * l.heads) * keys *
         (width_products * static_cast<double>(l.width) +
          value_products * static_cast<double>(l.value_width));
}

AttentionDropout attention_dropout(const AttentionOptions& options, const KernelArgs& args) {
  AttentionDropout dropout;
  dropout.threshold = static_cast<uint32_t>(std::lround(options.dropout * 65536.0));
  dropout.threshold = std::min(dropout.threshold, 65535u);
  if (dropout.threshold == 0) return dropout;
  const int64_t* random = args.input<int64_t>(5);
  const auto bits = philox(static_cast<uint64_t>(random[0]), static_cast<uint64_t>(random[1]), options.site);
  dropout.key = bits[0] | uint64_t{bits[1]} << 32;
  return dropout;
}

AttentionHead attention_head(const AttentionOptions& options, const AttentionLayout& l,
                             const KernelArgs& args, const AttentionDropout& dropout, RowRange q, RowRange k,
                             int64_t h) {
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
  head.window = options.window;
  head.dropout = dropout;
  head.dropout.first_row = static_cast<uint32_t>(q.begin);
  head.dropout.head = static_cast<uint32_t>(h);
  return head;
}

namespace {

// The arguments of one run.
struct Operands {
  Operands(const AttentionOptions& o, const AttentionLayout& layout, int64_t distance, const KernelArgs& a)
      : options(o), l(layout), max_distance(distance), args(a), dropout(attention_dropout(o, a)) {}

  // Head h of a sequence: its queries and keys.
  AttentionHead head(RowRange q, RowRange k, int64_t h) const {
    AttentionHead head = attention_head(options, l, args, dropout, q, k, h);
    if (max_distance >= 0) {
      const size_t n = attention_operands(options);
      head.bias.table = args.input<float>(n) + h * bias_width() + max_distance;
      head.bias.max_distance = max_distance;
      head.bias.q_positions = args.input<int32_t>(n + 1) + q.begin;
      head.bias.k_positions = args.input<int32_t>(n + 2) + k.begin;
    }
    return head;
  }
  int64_t bias_width() const { return 2 * max_distance + 1; }

  const AttentionOptions& options;
  const AttentionLayout& l;
  const int64_t max_distance;  // -1: no bias
  const KernelArgs& args;
  const AttentionDropout dropout;
};

int64_t max_distance_of(const AttentionOptions& options, std::span<const TensorType> in, bool relative) {
  return relative ? in[attention_operands(options)].shape[1] / 2 : -1;
}

}  // namespace

Kernel attention_kernel(const AttentionOptions& options, std::span<const TensorType> in, bool relative) {
  const AttentionLayout l = attention_layout(options, in);
  const int64_t max_distance = max_distance_of(options, in, relative);
  const auto run = attention_forward();
  const auto body = [=](const KernelArgs& args, Worker& worker) {
    attend_query_blocks(l, Operands(options, l, max_distance, args), run, args, worker);
  };
  return {body, attention_scratch(l.width) * sizeof(float)};
}

// An item is one key head of one sequence, so that the gradients of k and v are summed by one thread in a
// fixed order; the items after the last sequence clear the rows that belong to none.
Kernel attention_grad_kernel(const AttentionOptions& options, std::span<const TensorType> in, bool relative) {
  const AttentionLayout l = attention_layout(options, in);
  const int64_t max_distance = max_distance_of(options, in, relative);
  const size_t n = attention_operands(options) + (relative ? 3 : 0);
  const auto run = attention_backward();
  const auto body = [=](const KernelArgs& args, Worker& worker) {
    const int32_t *q_offsets = args.input<int32_t>(3), *k_offsets = args.input<int32_t>(4);
    const Operands operands(options, l, max_distance, args);
    const int64_t q_stride = l.heads * l.width, k_stride = l.kv_heads * l.width;
    const int64_t v_stride = l.kv_heads * l.value_width, out_stride = l.heads * l.value_width;
    const int64_t group = l.heads / l.kv_heads;
    worker.for_each((l.sequences + 1) * l.kv_heads, [&](int64_t item) {
      const int64_t s = item / l.kv_heads, kv_head = item % l.kv_heads;
      float* q_grad = args.output<float>(0);
      const auto all_k_grad = columns(args.output<float>(1), 0, k_stride, kv_head * l.width);
      const auto all_v_grad = columns(args.output<float>(2), 0, v_stride, kv_head * l.value_width);
      if (s == l.sequences) {
        for (const RowRange rest : other_rows(q_offsets, s, l.query_rows))
          fill(columns(q_grad, 0, q_stride, kv_head * group * l.width), rest, group * l.width, 0);
        for (const RowRange rest : other_rows(k_offsets, s, l.key_rows)) {
          fill(all_k_grad, rest, l.width, 0);
          fill(all_v_grad, rest, l.value_width, 0);
        }
        return;
      }
      const RowRange q = sequence_rows(q_offsets, s, l.query_rows),
                     k = sequence_rows(k_offsets, s, l.key_rows);
      fill(all_k_grad, k, l.width, 0);
      fill(all_v_grad, k, l.value_width, 0);
      const Strided<float> k_grad{all_k_grad.row(k.begin), k_stride},
          v_grad{all_v_grad.row(k.begin), v_stride};
      for (int64_t h = kv_head * group; h < (kv_head + 1) * group; ++h) {
        AttentionHeadGrad grad{columns(args.input<float>(n), q.begin, out_stride, h * l.value_width),
                               columns(args.input<float>(n + 2), q.begin, out_stride, h * l.value_width),
                               columns(args.input<float>(n + 1), q.begin, l.heads, h),
                               columns(q_grad, q.begin, q_stride, h * l.width),
                               k_grad,
                               v_grad};
        if (relative) {
          float* partial = args.output<float>(4) + (s * l.heads + h) * operands.bias_width();
          std::fill_n(partial, operands.bias_width(), 0.0f);
          grad.bias_grad = partial + max_distance;
        }
        run(operands.head(q, k, h), grad, scratch_of(worker));
      }
    });
    if (!relative) return;
    const int64_t table = l.heads * operands.bias_width();
    add_blocks(worker, args.output<float>(4), l.sequences, table, table, args.output<float>(3));
  };
  return {body, attention_grad_scratch(l.width, l.value_width) * sizeof(float)};
}

}  // namespace frugal

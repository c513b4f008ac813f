#include "frugal/ops/registry.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "frugal/ops/adamw.h"
#include "frugal/ops/add.h"
#include "frugal/ops/axis_index.h"
#include "frugal/ops/bce_with_logits.h"
#include "frugal/ops/bucketed_bias.h"
#include "frugal/ops/column.h"
#include "frugal/ops/compact_rows.h"
#include "frugal/ops/concat.h"
#include "frugal/ops/cross_entropy.h"
#include "frugal/ops/dropout.h"
#include "frugal/ops/embedding.h"
#include "frugal/ops/expert_linear.h"
#include "frugal/ops/gather_rows.h"
#include "frugal/ops/head_linear.h"
#include "frugal/ops/jitter.h"
#include "frugal/ops/l2_normalize.h"
#include "frugal/ops/layer_norm.h"
#include "frugal/ops/matmul.h"
#include "frugal/ops/mse.h"
#include "frugal/ops/multiply.h"
#include "frugal/ops/pair_rows.h"
#include "frugal/ops/prepend_rows.h"
#include "frugal/ops/random_normal.h"
#include "frugal/ops/registry_attention.h"
#include "frugal/ops/reshape.h"
#include "frugal/ops/rms_norm.h"
#include "frugal/ops/rotary.h"
#include "frugal/ops/router_loss.h"
#include "frugal/ops/scale.h"
#include "frugal/ops/scale_ids.h"
#include "frugal/ops/scale_rows.h"
#include "frugal/ops/segment_cross_entropy.h"
#include "frugal/ops/segment_mean.h"
#include "frugal/ops/segment_top.h"
#include "frugal/ops/shift_ids.h"
#include "frugal/ops/sinusoids.h"
#include "frugal/ops/skip_id.h"
#include "frugal/ops/slice_columns.h"
#include "frugal/ops/soft_cross_entropy.h"
#include "frugal/ops/sum_rows.h"
#include "frugal/ops/sum_squares.h"
#include "frugal/ops/top1_route.h"
#include "frugal/ops/unary.h"
#include "frugal/ops/write_rows.h"

namespace frugal {
namespace {

Tensor random_bytes(DType type, Shape shape, Random& random) {
  Tensor tensor(type, std::move(shape));
  for (size_t i = 0; i < tensor.byte_count(); ++i)
    static_cast<uint8_t*>(tensor.bytes())[i] = static_cast<uint8_t>(random.below(256));
  return tensor;
}

void sample_prepend_rows(Sampler& s) {
  const int64_t sequences = 1 + s.below(4), rows = s.size(), width = s.size();
  s.output(prepend_rows(s.weight({sequences * (1 + s.below(4)), width}), s.weight({rows, width}),
                        s.offsets(sequences, rows)));
}

Tensor hyper(float lr, float bias1, float bias2) {
  return Tensor::of<float>({4}, std::vector<float>{lr, bias1, bias2, 0});
}

void sample_adamw(Sampler& s) {
  const Shape shape{s.size(), s.size()};
  const Value v = s.state(Tensor(DType::f32, shape));
  adamw(s.state(Tensor(DType::f32, shape)), s.normal(shape), s.state(Tensor(DType::f32, shape)), v,
        s.given(hyper(0.1f, 0.1f, 0.001f)), s.given(Tensor::scalar(0.5f)), {.weight_decay = 0.01});
}

void sample_adamw_rows(Sampler& s) {
  const int64_t vocabulary = s.size(), width = s.size(), rows = s.size();
  const Shape shape{vocabulary, width};
  const RowGradient gradient = compact_rows(s.integers(rows, -1, vocabulary), s.normal({rows, width}));
  const Value param = s.state(Tensor(DType::f32, shape)), m = s.state(Tensor(DType::f32, shape));
  adamw_rows(param, m, s.state(Tensor(DType::f32, shape)), gradient.rows, gradient.slots,
             s.state(Tensor(DType::u8, {vocabulary})), s.given(hyper(0.1f, 0.1f, 0.001f)),
             s.given(Tensor::scalar(1)), {.weight_decay = 0.01});
}

void sample_write_rows(Sampler& s) {
  const int64_t rows = s.size(), width = s.size();
  Tensor order(DType::i32, {rows});
  std::iota(order.data<int32_t>().rbegin(), order.data<int32_t>().rend(), -1);
  write_rows(s.state(Tensor(DType::f32, {rows, width})), s.given(std::move(order)), s.normal({rows, width}));
}

void sample_axis_index(Sampler& s) {
  s.output(embedding(s.weight({7, s.size()}), axis_index(s.integers(s.size(), -1, 99), 3, 7)));
}

void sample_concat(Sampler& s) {
  const int axis = static_cast<int>(s.below(2));
  const int64_t other = s.size();
  const auto part = [&] { return s.weight(axis == 0 ? Shape{s.size(), other} : Shape{other, s.size()}); };
  const Value a = part(), b = part(), c = part(), whole = concat({a, b, c}, axis);
  const int64_t cut = s.below(whole.dim(axis) + 1);
  for (const Value& half : split(whole, {cut, whole.dim(axis) - cut}, axis)) s.output(scale(half, 2));
}

void sample_random_normal(Sampler& s) {
  const Value random = s.given(Tensor::of<int64_t>({2}, std::vector<int64_t>{7, 3}));
  s.output(random_normal(random, {s.size(), s.size()}, 0x1234567890abcdefu));
}

void sample_head_linear(Sampler& s) {
  const int heads = static_cast<int>(1 + s.below(3));
  const int64_t rows = s.size(), depth = s.size(), width = s.size();
  s.output(head_linear(s.weight({rows, heads * depth}), s.weight({heads * depth, width}), heads));
  const Value bias = s.below(2) ? s.weight({heads * depth}) : Value{};
  s.output(head_linear_t(s.weight({rows, heads * width}), s.weight({heads * depth, width}), bias, heads));
}

void sample_matmul(Sampler& s) {
  const int64_t m = s.size(), n = s.size(), k = s.size();
  const bool ta = s.below(2) == 0, tb = s.below(2) == 0;
  const Value a = s.weight(ta ? Shape{k, m} : Shape{m, k}), b = s.weight(tb ? Shape{n, k} : Shape{k, n});
  s.output(s.graph().add<MatMul>({a, b, s.weight({n}), {}}, ta, tb));
}

void sample_dropout(Sampler& s) {
  const Value random = s.given(Tensor::of<int64_t>({2}, std::vector<int64_t>{7, 3}));
  s.output(dropout(s.weight({s.size(), s.size()}), random, 0.3f, 0x1234567890abcdefu));
}

void sample_expert_linear(Sampler& s) {
  const int64_t rows = s.size(), k = s.size(), n = s.size();
  std::vector<Value> weights;
  for (int64_t e = 1 + s.below(4); e > 0; --e) weights.push_back(s.weight({n, k}));
  const Value bounds = s.offsets(static_cast<int64_t>(weights.size()), rows);
  s.output(expert_linear(s.weight({rows, k}), weights, bounds));
}

// Each row's largest logit stands out: a step of finite differences must not change the choice.
Value router_logits(Sampler& s, int64_t rows, int64_t experts) {
  const Value logits = s.weight({rows, experts});
  const auto data = s.values().at(logits.node).data<float>();
  for (int64_t t = 0; t < rows; ++t)
    *std::max_element(&data[t * experts], &data[t * experts] + experts) += 0.2f;
  return logits;
}

void sample_top1_route(Sampler& s) {
  const int64_t rows = s.size();
  const Value logits = router_logits(s, rows, s.size());
  s.output(top1_route(logits, s.offsets(3, rows), s.below(4)).probability);
}

void sample_router_loss(Sampler& s) {
  const int64_t rows = s.size(), experts = s.size();
  std::vector<Value> layers;
  for (int64_t i = 1 + s.below(3); i > 0; --i) layers.push_back(router_logits(s, rows, experts));
  s.output(router_loss(layers, s.offsets(3, rows), {.balance = 0.5f, .z = 0.1f}));
}

// Away from 0, where relu has no derivative and finite differences mean nothing.
void sample_relu(Sampler& s) {
  const Value x = s.weight({s.size(), 9});
  for (float& value : s.values().at(x.node).data<float>())
    if (std::abs(value) < 0.05f) value = 0.1f;
  s.output(unary(x, Activation::relu));
}

void sample_embedding_s8(Sampler& s) {
  const int64_t vocabulary = s.size();
  const Value table = s.given(random_bytes(DType::i8, {vocabulary, s.size()}, s.random()));
  s.output(embedding_s8(table, s.normal({vocabulary}), s.integers(s.size(), -1, vocabulary)));
}

}  // namespace

std::vector<OpSample> op_samples() {
  using S = Sampler;
  return {
      {"accumulate",
       [](S& s) {
         const Shape shape{s.size(), s.size()};
         accumulate(s.state(Tensor(DType::f32, shape)), s.normal(shape));
       }},
      {"adamw", sample_adamw},
      {"adamw_rows", sample_adamw_rows},
      {"add",
       [](S& s) {
         const Shape shape{s.size(), s.size()};
         s.output(add(s.weight(shape), s.weight(shape)));
       }},
      {"attention", sample_attention},
      {"axis_index", sample_axis_index},
      {"bce_with_logits",
       [](S& s) {
         const Shape shape{s.size(), s.size()};
         s.output(bce_with_logits(s.weight(shape), s.uniform(shape), s.uniform({shape[0]})));
       }},
      {"bucketed_bias",
       [](S& s) {
         s.output(bucketed_bias(s.weight({4 + s.below(40), s.size()}), s.below(2) == 0, 25 + s.below(60)));
       }},
      {"cached_attention", sample_cached_attention},
      {"clip_scale",
       [](S& s) {
         s.output(clip_scale(sum_squares({s.normal({s.size(), s.size()})}), 0.5f));
       }},
      {"column",
       [](S& s) {
         const int64_t columns = s.size();
         s.output(column(s.weight({s.size(), columns}), s.below(columns)));
       }},
      {"compact_rows",
       [](S& s) {
         const int64_t rows = s.size();
         s.output(compact_rows(s.integers(rows, -1, 20), s.normal({rows, s.size()})).rows);
       }},
      {"concat", sample_concat},
      {"cross_entropy",
       [](S& s) {
         const int64_t rows = s.size(), classes = s.size();
         const float smoothing = s.below(2) == 0 ? 0 : 0.1f;
         s.output(cross_entropy(s.weight({rows, classes}), s.integers(rows, -1, classes), smoothing));
       }},
      {"dropout", sample_dropout},
      {"embedding",
       [](S& s) {
         const int64_t vocabulary = s.size();
         s.output(embedding(s.weight({vocabulary, s.size()}), s.integers(s.size(), -1, vocabulary + 1)));
       }},
      {"embedding with padding",
       [](S& s) {
         // The padding row's gradient is 0 by rule, not by calculus: no token names it here.
         const int64_t vocabulary = 2 + s.size();
         s.output(embedding(s.weight({vocabulary, s.size()}), s.integers(s.size(), 1, vocabulary), 0));
       }},
      {"embedding_s8", sample_embedding_s8},
      {"expert_linear", sample_expert_linear},
      {"gather_rows",
       [](S& s) {
         const int64_t rows = s.size(), count = s.size();
         s.output(gather_rows(s.weight({rows, s.size()}), s.integers(count, -1, rows), s.offsets(3, count)));
       }},
      {"head_linear", sample_head_linear},
      {"jitter",
       [](S& s) {
         const Value random = s.given(Tensor::of<int64_t>({2}, std::vector<int64_t>{7, 3}));
         s.output(jitter(s.weight({s.size(), s.size()}), random, 0.3f, 0x1234567890abcdefu));
       }},
      {"l2_normalize",
       [](S& s) {
         s.output(l2_normalize(s.weight({s.size(), s.size()})));
       }},
      {"layer_norm",
       [](S& s) {
         const int64_t width = s.size();
         s.output(layer_norm(s.weight({s.size(), width}), s.weight({width}), s.weight({width}), 1e-2f));
       }},
      {"local_attention", sample_local_attention},
      {"lsh_attention", sample_lsh_attention},
      {"matmul", sample_matmul},
      {"mse",
       [](S& s) {
         const Shape shape{s.size(), s.size()};
         s.output(mse(s.weight(shape), s.weight(shape), s.uniform({shape[0]})));
       }},
      {"pair_rows",
       [](S& s) {
         const int64_t sequences = 1 + s.below(3), rows = s.size(), width = s.size();
         s.output(pair_rows(s.weight({rows, width}), s.weight({sequences * (1 + s.below(3)), width}),
                            s.offsets(sequences, rows)));
       }},
      {"prepend_rows", sample_prepend_rows},
      {"read_cache_attention", sample_read_cache_attention},
      {"relative_attention", sample_relative_attention},
      {"multiply",
       [](S& s) {
         const Shape shape{s.size(), s.size()};
         s.output(multiply(s.weight(shape), s.weight(shape)));
       }},
      {"random_normal", sample_random_normal},
      {"reshape",
       [](S& s) {
         const int64_t a = s.size(), b = s.size();
         s.output(scale(reshape(s.weight({a, b}), {b, a, 1}), 2));
       }},
      {"rms_norm",
       [](S& s) {
         const int64_t width = s.size();
         s.output(rms_norm(s.weight({s.size(), width}), s.weight({width}), 1e-2f));
       }},
      {"router_loss", sample_router_loss},
      {"rotary",
       [](S& s) {
         const int64_t rows = s.size(), heads = 1 + s.below(3), half = 1 + s.below(20);
         const Value angles =
             rotary_angles(s.integers(rows, 0, 100), s.given(rotary_frequencies(2 * half, 100)));
         s.output(rotary(s.weight({rows, heads * (2 * half + s.below(3))}), angles, heads,
                         s.below(2) ? RotaryPairs::halves : RotaryPairs::interleaved));
       }},
      {"scale",
       [](S& s) {
         s.output(scale(s.weight({s.size(), s.size()}), -1.5f));
       }},
      {"scale_rows",
       [](S& s) {
         const int64_t rows = s.size();
         s.output(scale_rows(s.weight({rows, s.size()}), s.weight({rows})));
       }},
      {"segment_cross_entropy",
       [](S& s) {
         const int64_t rows = s.size(), segments = s.size();
         s.output(
             segment_cross_entropy(s.weight({rows}), s.offsets(segments, rows), s.integers(segments, -1, 4)));
       }},
      {"segment_mean",
       [](S& s) {
         const int64_t rows = s.size();
         s.output(segment_mean(s.weight({rows, s.size()}), s.offsets(s.size(), rows)));
       }},
      {"segment_top",
       [](S& s) {
         const int64_t rows = s.size(), sequences = 1 + s.below(4);
         s.output(
             segment_top(s.normal({rows, 2}), s.offsets(sequences, rows), s.integers(rows, 0, 99), 3).shares);
       }},
      {"segment_weighted_sum",
       [](S& s) {
         const int64_t rows = s.size();
         s.output(segment_weighted_sum(s.normal({rows, s.size()}), s.normal({rows, 1}), s.offsets(3, rows)));
       }},
      {"scale_ids",
       [](Sampler& s) {
         const int64_t rows = s.size();
         s.output(embedding(s.weight({3 * rows, s.size()}), scale_ids(s.integers(s.size(), -1, rows), 3)));
       }},
      {"shift_ids",
       [](S& s) {
         const int64_t rows = 10;
         s.output(embedding(s.weight({rows + 2, s.size()}), shift_ids(s.integers(s.size(), -1, rows), 2)));
       }},
      {"slice_columns",
       [](S& s) {
         const int64_t columns = s.size(), begin = s.below(columns);
         s.output(slice_columns(s.weight({s.size(), columns}), begin, 1 + s.below(columns - begin)));
       }},
      {"sinusoids",
       [](S& s) { s.output(sinusoids(s.graph(), -s.size(), s.size(), 2 * s.size(), s.below(20))); }},
      {"soft_cross_entropy",
       [](S& s) {
         const Shape shape{s.size(), s.size()};
         s.output(soft_cross_entropy(s.weight(shape), s.normal(shape), s.uniform({shape[0]}), 2));
       }},
      {"sum_rows",
       [](S& s) {
         s.output(sum_rows(s.normal({s.size(), s.size()})));
       }},
      {"sum_squares",
       [](S& s) {
         s.output(sum_squares({s.normal({s.size(), s.size()}), s.normal({s.size()})}));
       }},
      {"top1_route", sample_top1_route},
      {"unary gelu",
       [](S& s) {
         s.output(unary(s.weight({s.size(), s.size()}), Activation::gelu));
       }},
      {"unary gelu_tanh",
       [](S& s) {
         s.output(unary(s.weight({s.size(), 9}), Activation::gelu_tanh));
       }},
      {"unary relu", sample_relu},
      {"unary sigmoid",
       [](S& s) {
         s.output(unary(s.weight({s.size(), 9}), Activation::sigmoid));
       }},
      {"unary silu",
       [](S& s) {
         s.output(unary(s.weight({s.size(), 9}), Activation::silu));
       }},
      {"unary tanh",
       [](S& s) {
         s.output(unary(s.weight({s.size(), 9}), Activation::tanh));
       }},
      {"weighted_sum",
       [](S& s) {
         const Shape shape{s.size(), s.size()};
         s.output(weighted_sum(s.weight(shape), 0.5f, s.weight(shape), -2));
       }},
      {"xl_attention", sample_xl_attention},
      {"write_rows", sample_write_rows},
  };
}

}  // namespace frugal

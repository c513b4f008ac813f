#include "frugal/nn/net.h"

#include <cmath>
#include <numeric>

#include "frugal/base/random.h"
#include "frugal/ops/attention.h"
#include "frugal/ops/dropout.h"
#include "frugal/ops/embedding.h"
#include "frugal/ops/gather_rows.h"
#include "frugal/ops/layer_norm.h"
#include "frugal/ops/matmul.h"
#include "frugal/ops/relative_attention.h"
#include "frugal/ops/rms_norm.h"
#include "frugal/ops/unary.h"
#include "frugal/ops/write_rows.h"

namespace frugal {

Net::Net(Graph& graph, const BatchShape& shape, const NetOptions& options)
    : graph(graph),
      shape(shape),
      options(options),
      source{&graph, "", shape.tokens, shape.sequences, shape.longest},
      target{&graph, "decoder_", shape.target_tokens, shape.sequences, shape.target_longest} {}

Value Net::one_each() { return graph.input("one_each", i32({shape.sequences + 1})); }
Value Net::random() { return graph.input("random", {DType::i64, {2}}); }

Value Net::parameter(const Scope& at, Shape shape, Init init) {
  const bool fresh = !graph.find_variable(at.path());
  const Value value = graph.variable(at.path(), f32(shape));
  if (fresh) parameters_.push_back({at.path(), std::move(shape), init});
  return value;
}

Value Net::buffer(const Scope& at, Shape shape) {
  const Value value = parameter(at, std::move(shape), Init::zeros);
  for (ParameterSpec& spec : parameters_) spec.trainable &= spec.name != at.path();
  return value;
}

Value Net::linear(const Scope& at, Value x, int64_t out) {
  graph.set_scope(at.path());
  return frugal::linear(x, parameter(at / "weight", {out, x.dim(1)}),
                        parameter(at / "bias", {out}, Init::zeros));
}

Value Net::linear_no_bias(const Scope& at, Value x, int64_t out) {
  graph.set_scope(at.path());
  return frugal::linear(x, parameter(at / "weight", {out, x.dim(1)}), {});
}

Value Net::conv1d(const Scope& at, Value x, int64_t out) {
  graph.set_scope(at.path());
  const Value weight = parameter(at / "weight", {x.dim(1), out});
  return graph.add<MatMul>({x, weight, parameter(at / "bias", {out}, Init::zeros), {}}, false, false);
}

Value Net::norm(const Scope& at, Value x, double eps) {
  graph.set_scope(at.path());
  const int64_t width = x.dim(1);
  return layer_norm(x, parameter(at / "weight", {width}, Init::ones),
                    parameter(at / "bias", {width}, Init::zeros), static_cast<float>(eps));
}

Value Net::rms_norm(const Scope& at, Value x, double eps) {
  graph.set_scope(at.path());
  return frugal::rms_norm(x, parameter(at / "weight", {x.dim(1)}, Init::ones), static_cast<float>(eps));
}

Value Net::embed(const Scope& at, Value ids, int64_t rows, int64_t width, int64_t padding) {
  graph.set_scope(at.path());
  return embedding(parameter(at / "weight", {rows, width}), ids, static_cast<int32_t>(padding));
}

Value Net::activate(Value x, Activation activation) {
  return activation == Activation::none ? x : unary(x, activation);
}

Value Net::dropout(const Scope& at, Value x, double rate) {
  if (!options.training || rate == 0) return x;
  graph.set_scope(at.path());
  return frugal::dropout(x, random(), static_cast<float>(rate), hash_of(at.path() + "#dropout"));
}

AttentionOptions Net::attention_options(const Scope& at, Value q, int64_t heads, double dropout) const {
  AttentionOptions attention;
  attention.heads = static_cast<int>(heads);
  attention.scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(q.dim(1) / heads)));
  attention.dropout = options.training ? static_cast<float>(dropout) : 0;
  attention.site = hash_of(at.path() + "#attention");
  return attention;
}

Net::Caches Net::caches(const std::string& kind, const Scope& at, int64_t rows, Value k, Value v) {
  const std::string name = kind + "." + at.path();
  return {graph.variable(name + ".key", f32({rows, k.dim(1)})),
          graph.variable(name + ".value", f32({rows, v.dim(1)}))};
}

CacheTable Net::source_table() {
  return {target.offsets(), graph.input("source_lengths", i32({shape.sequences})),
          graph.input("source_rows", i32({shape.sequences, options.cache.source_capacity}))};
}

Value Net::attend_past(const Side& side, const Scope& at, Value q, Value k, Value v,
                       const AttentionOptions& attention, Value bias) {
  const auto [keys, values] = caches("cache", at, options.cache.rows, k, v);
  const CacheTable past{side.offsets(), graph.input("cache_lengths", i32({shape.sequences})),
                        graph.input("cache_rows", i32({shape.sequences, options.cache.capacity}))};
  return cached_attention(q, k, v, keys, values, past,
                          {attention.heads, attention.scale, attention.window, options.cache.capacity}, bias);
}

Value Net::attend(const Scope& at, Value q, Value k, Value v, int64_t heads, double dropout) {
  graph.set_scope(at.path());
  AttentionOptions attention = attention_options(at, q, heads, dropout);
  attention.longest = shape.longest;
  return frugal::attention(q, k, v, offsets(), offsets(), attention, random_for(attention.dropout));
}

Value Net::attend_causal(const Side& side, const Scope& at, Value q, Value k, Value v, int64_t heads,
                         double dropout, int64_t window) {
  graph.set_scope(at.path());
  AttentionOptions attention = attention_options(at, q, heads, dropout);
  attention.window = window;
  if (options.stage == Stage::step) return attend_past(side, at, q, k, v, attention);
  attention.longest = side.longest;
  attention.causal = true;
  return frugal::attention(q, k, v, side.offsets(), side.offsets(), attention, random_for(attention.dropout));
}

Value Net::attend_across(const Scope& at, Value q, Value k, Value v, int64_t heads, double dropout,
                         double scale) {
  graph.set_scope(at.path());
  AttentionOptions attention = attention_options(at, q, heads, dropout);
  if (scale != 0) attention.scale = static_cast<float>(scale);
  if (options.stage != Stage::whole) {
    const auto [keys, values] = caches("source_cache", at, options.cache.source_rows, k, v);
    if (options.stage == Stage::step)
      return read_cache_attention(q, keys, values, source_table(),
                                  {attention.heads, attention.scale, 0, options.cache.source_capacity});
    const Value rows = graph.input("source_cache_rows", i32({source.tokens}));
    write_rows(keys, rows, k);
    write_rows(values, rows, v);
  }
  attention.longest = source.longest;
  return frugal::attention(q, k, v, target.offsets(), source.offsets(), attention,
                           random_for(attention.dropout));
}

Value Net::attend_relative(const Side& side, const Scope& at, Value q, Value k, Value v, Value bias,
                           bool causal, int64_t heads, double dropout) {
  graph.set_scope(at.path());
  AttentionOptions attention = attention_options(at, q, heads, dropout);
  attention.scale = 1;
  if (causal && options.stage == Stage::step) return attend_past(side, at, q, k, v, attention, bias);
  attention.longest = side.longest;
  attention.causal = causal;
  return relative_attention(q, k, v, side.offsets(), side.offsets(),
                            {bias, side.positions(), side.positions()}, attention,
                            random_for(attention.dropout));
}

Value Net::gather(Value x, Value rows) { return gather_rows(x, rows, one_each()); }

void Net::output(const std::string& name, Value value, Rows rows) {
  graph.set_output(name, value);
  output_rows_[name] = rows;
}

}  // namespace frugal

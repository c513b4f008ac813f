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
#include "frugal/ops/unary.h"

namespace frugal {

Net::Net(Graph& graph, const BatchShape& shape, const NetOptions& options)
    : graph(graph), shape(shape), options(options) {}

Value Net::ids() { return graph.input("ids", i32({shape.tokens})); }
Value Net::types() { return graph.input("types", i32({shape.tokens})); }
Value Net::positions() { return graph.input("positions", i32({shape.tokens})); }
Value Net::offsets() { return graph.input("offsets", i32({shape.sequences + 1})); }
Value Net::first_rows() { return graph.input("first_rows", i32({shape.sequences})); }
Value Net::one_each() { return graph.input("one_each", i32({shape.sequences + 1})); }
Value Net::random() { return graph.input("random", {DType::i64, {2}}); }

Value Net::parameter(const Scope& at, Shape shape, Init init) {
  const bool fresh = !graph.find_variable(at.path());
  const Value value = graph.variable(at.path(), f32(shape));
  if (fresh) parameters_.push_back({at.path(), std::move(shape), init});
  return value;
}

Value Net::linear(const Scope& at, Value x, int64_t out) {
  graph.set_scope(at.path());
  return frugal::linear(x, parameter(at / "weight", {out, x.dim(1)}),
                        parameter(at / "bias", {out}, Init::zeros));
}

Value Net::norm(const Scope& at, Value x, double eps) {
  graph.set_scope(at.path());
  const int64_t width = x.dim(1);
  return layer_norm(x, parameter(at / "weight", {width}, Init::ones),
                    parameter(at / "bias", {width}, Init::zeros), static_cast<float>(eps));
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

Value Net::attend(const Scope& at, Value q, Value k, Value v, int64_t heads, double dropout) {
  graph.set_scope(at.path());
  AttentionOptions attention;
  attention.heads = static_cast<int>(heads);
  attention.scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(q.dim(1) / heads)));
  attention.dropout = options.training ? static_cast<float>(dropout) : 0;
  attention.site = hash_of(at.path() + "#attention");
  attention.longest = shape.longest;
  return frugal::attention(q, k, v, offsets(), offsets(), attention,
                           attention.dropout > 0 ? random() : Value{});
}

Value Net::first_of(Value x) { return gather_rows(x, first_rows(), one_each()); }

void Net::output(const std::string& name, Value value, Rows rows) {
  graph.set_output(name, value);
  output_rows_[name] = rows;
}

}  // namespace frugal

// The memory-bound kernels at MiniLM's shapes (448 token rows, H = 384, FFN 1536, 30,522 pieces), one thread.
#include <benchmark/benchmark.h>

#include "frugal/ops/adamw.h"
#include "frugal/ops/cross_entropy.h"
#include "frugal/ops/dropout.h"
#include "frugal/ops/layer_norm.h"
#include "frugal/ops/sum_rows.h"
#include "frugal/ops/sum_squares.h"
#include "frugal/ops/testing.h"
#include "frugal/ops/unary.h"

namespace frugal {
namespace {

// Runs the last node that `build` adds.
void run(benchmark::State& state, const std::function<void(Graph&)>& build) {
  Graph graph;
  build(graph);
  Random random(1, 2);
  const Node& node = graph.nodes().back();
  std::vector<Tensor> tensors;
  KernelArgs args;
  std::vector<TensorType> in;
  double bytes = 0, elements = 0;
  for (const Value& input : node.inputs) {
    in.push_back(input.type());
    Tensor tensor(input.type().type, input.shape());
    if (tensor.type() == DType::f32) tensor = testing::normal(input.shape(), random);
    if (tensor.type() == DType::f32)
      for (float& x : tensor.data<float>()) x = std::abs(x) + 0.1f;
    tensors.push_back(tensor);
    args.in.push_back(tensors.back().bytes());
    elements = std::max(elements, static_cast<double>(tensor.count()));
  }
  for (const TensorType& type : node.outputs) {
    tensors.emplace_back(type.type, type.shape);
    args.out.push_back(tensors.back().bytes());
  }
  bytes = node.op->work(in, node.outputs).bytes;
  const Context context = Context::make(1);
  const Kernel kernel = node.op->kernel(context, in, node.outputs);
  for (auto _ : state) context.team->run([&](Worker& worker) { kernel.run(args, worker); });
  using benchmark::Counter;
  state.counters["ns/element"] =
      Counter(elements * 1e-9, Counter::kIsIterationInvariantRate | Counter::kInvert);
  state.counters["GB/s"] = Counter(bytes * 1e-9, Counter::kIsIterationInvariantRate);
}

Value input(Graph& graph, const char* name, Shape shape) { return graph.input(name, f32(std::move(shape))); }

void unary_gelu(benchmark::State& state) {
  run(state, [](Graph& g) { unary(input(g, "x", {448, 1536}), Activation::gelu); });
}
BENCHMARK(unary_gelu);

void unary_gelu_grad(benchmark::State& state) {
  run(state, [](Graph& g) {
    unary_grad(input(g, "x", {448, 1536}), input(g, "dy", {448, 1536}), Activation::gelu);
  });
}
BENCHMARK(unary_gelu_grad);

void layer_norm_forward(benchmark::State& state) {
  run(state, [](Graph& g) {
    layer_norm(input(g, "x", {448, 384}), input(g, "gamma", {384}), input(g, "beta", {384}), 1e-12f);
  });
}
BENCHMARK(layer_norm_forward);

void layer_norm_backward(benchmark::State& state) {
  run(state, [](Graph& g) {
    g.add<LayerNormGrad>({input(g, "x", {448, 384}), input(g, "gamma", {384}), input(g, "dy", {448, 384}),
                          input(g, "mean", {448}), input(g, "rstd", {448})});
  });
}
BENCHMARK(layer_norm_backward);

void dropout_tenth(benchmark::State& state) {
  run(state, [](Graph& g) {
    dropout(input(g, "x", {448, 384}), g.input("random", {DType::i64, {2}}), 0.1f, 5);
  });
}
BENCHMARK(dropout_tenth);

void cross_entropy_vocabulary(benchmark::State& state) {
  run(state, [](Graph& g) { cross_entropy(input(g, "x", {64, 30522}), g.input("labels", i32({64}))); });
}
BENCHMARK(cross_entropy_vocabulary);

void cross_entropy_vocabulary_grad(benchmark::State& state) {
  run(state, [](Graph& g) {
    g.add<CrossEntropyGrad>(
        {input(g, "x", {64, 30522}), g.input("labels", i32({64})), input(g, "lse", {64}), input(g, "d", {})},
        0.0f);
  });
}
BENCHMARK(cross_entropy_vocabulary_grad);

void sum_rows_ffn(benchmark::State& state) {
  run(state, [](Graph& g) { sum_rows(input(g, "x", {448, 1536})); });
}
BENCHMARK(sum_rows_ffn);

void sum_squares_layer(benchmark::State& state) {
  run(state, [](Graph& g) { sum_squares({input(g, "x", {1536, 384})}); });
}
BENCHMARK(sum_squares_layer);

void adamw_layer(benchmark::State& state) {
  run(state, [](Graph& g) {
    const Shape shape{4096, 1536};
    adamw(input(g, "p", shape), input(g, "g", shape), input(g, "m", shape), input(g, "v", shape),
          input(g, "hyper", {4}), input(g, "clip", {}), {.weight_decay = 0.01});
  });
}
BENCHMARK(adamw_layer);

}  // namespace
}  // namespace frugal

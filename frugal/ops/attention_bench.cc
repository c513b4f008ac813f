// attention forward and backward in GFLOP/s, beside the fused multiply-adds this core can do from registers.
// Run with FRUGAL_ISA=avx2 to measure another instruction set. Times are of one thread.
#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "frugal/base/checked.h"
#include "frugal/base/context.h"
#include "frugal/base/random.h"
#include "frugal/ops/attention.h"
#include "frugal/ops/half_attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frugal/ops/attention_bench.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "frugal/ops/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {

// Returns the floating-point operations done; ten chains of MulAdd cover its latency.
HWY_ATTR double multiply_add(int64_t rounds, float* result) {
  const FloatTag d;
  const Floats x = hn::Set(d, 0.999f), y = hn::Set(d, 0.001f);
  const auto start = [&](float i)
                         HWY_ATTR { return hn::Set(d, 0.001f * i); };  // equal chains would become one
  Floats s0 = start(0), s1 = start(1), s2 = start(2), s3 = start(3), s4 = start(4), s5 = start(5),
         s6 = start(6), s7 = start(7), s8 = start(8), s9 = start(9);
  for (int64_t i = 0; i < rounds; ++i) {
    s0 = hn::MulAdd(s0, x, y), s1 = hn::MulAdd(s1, x, y), s2 = hn::MulAdd(s2, x, y);
    s3 = hn::MulAdd(s3, x, y), s4 = hn::MulAdd(s4, x, y), s5 = hn::MulAdd(s5, x, y);
    s6 = hn::MulAdd(s6, x, y), s7 = hn::MulAdd(s7, x, y), s8 = hn::MulAdd(s8, x, y);
    s9 = hn::MulAdd(s9, x, y);
  }
  const Floats a = hn::Add(hn::Add(hn::Add(s0, s1), hn::Add(s2, s3)), hn::Add(s4, s5));
  *result = hn::GetLane(hn::Add(a, hn::Add(hn::Add(s6, s7), hn::Add(s8, s9))));
  return 20.0 * static_cast<double>(rounds) * hn::MaxLanes(d);
}

}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace frugal {
namespace {

HWY_EXPORT(multiply_add);

void peak(benchmark::State& state) {
  use_isa(isa_from_environment());
  const auto run = FRUGAL_DISPATCH(multiply_add);
  float result;
  double flops = 0;
  for (auto _ : state) {
    flops += run(10000, &result);
    benchmark::DoNotOptimize(result);
  }
  state.counters["GFLOP/s"] = benchmark::Counter(flops * 1e-9, benchmark::Counter::kIsRate);
}
BENCHMARK(peak);

struct Setup {
  Setup(int64_t sequences, int64_t length, int64_t heads, int64_t width, float dropout)
      : context(Context::make(1)) {
    options.heads = static_cast<int>(heads);
    options.scale = 1 / std::sqrt(static_cast<float>(width));
    options.longest = length;
    options.dropout = dropout;
    const int64_t rows = sequences * length;
    Random random(1, "bench");
    for (int64_t s = 0; s <= sequences; ++s) offsets.push_back(static_cast<int32_t>(s * length));
    for (auto* tensor : {&q, &k, &v, &out, &out_grad, &q_grad, &k_grad, &v_grad}) {
      *tensor = Tensor(DType::f32, {rows, heads * width});
      for (float& x : tensor->data<float>()) x = static_cast<float>(random.normal());
    }
    lse = Tensor(DType::f32, {rows, heads});
    const TensorType x = f32({rows, heads * width}), o = i32({sequences + 1}), r{DType::i64, {2}};
    in = {x, x, x, o, o};
    forward_args.in = {q.bytes(), k.bytes(), v.bytes(), offsets.data(), offsets.data()};
    if (dropout > 0) in.push_back(r), forward_args.in.push_back(seed);
    forward_args.out = {out.bytes(), lse.bytes()};
    backward_args = forward_args;
    for (void* p : {out.bytes(), lse.bytes(), out_grad.bytes()}) backward_args.in.push_back(p);
    backward_args.out = {q_grad.bytes(), k_grad.bytes(), v_grad.bytes()};
    forward = Attention(options).kernel(context, in, Attention(options).infer(in));
    backward = AttentionGrad(options).kernel(context, in, {});
    context.team->reserve_scratch(std::max(forward.scratch_bytes, backward.scratch_bytes));
  }
  void run(const Kernel& kernel, const KernelArgs& args) {
    context.team->run([&](Worker& worker) { kernel.run(args, worker); });
  }

  Context context;
  AttentionOptions options;
  std::vector<int32_t> offsets;
  int64_t seed[2] = {1, 2};
  Tensor q, k, v, out, out_grad, q_grad, k_grad, v_grad, lse;
  std::vector<TensorType> in;
  Kernel forward, backward;
  KernelArgs forward_args, backward_args;
};

void count_flops(benchmark::State& state, double each) {
  state.counters["GFLOP/s"] =
      benchmark::Counter(each * 1e-9 * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

// Arguments: sequences, length, heads, head size, dropout in percent.
void attention_forward_bench(benchmark::State& state) {
  Setup setup(state.range(0), state.range(1), state.range(2), state.range(3),
              static_cast<float>(state.range(4)) / 100);
  for (auto _ : state) setup.run(setup.forward, setup.forward_args);
  count_flops(state, Attention(setup.options).work(setup.in, {}).flops);
}

void half_attention_bench(benchmark::State& state) {
  Setup setup(state.range(0), state.range(1), state.range(2), state.range(3), 0);
  if (!has_half_attention(setup.context.isa)) return state.SkipWithError("no arithmetic in halves here");
  const HalfAttention op(setup.options);
  const Kernel kernel = op.kernel(setup.context, setup.in, {});
  setup.context.team->reserve_scratch(kernel.scratch_bytes);
  for (auto _ : state) setup.run(kernel, setup.forward_args);
  count_flops(state, op.work(setup.in, {}).flops);
}

void attention_backward_bench(benchmark::State& state) {
  Setup setup(state.range(0), state.range(1), state.range(2), state.range(3),
              static_cast<float>(state.range(4)) / 100);
  setup.run(setup.forward, setup.forward_args);
  for (auto _ : state) setup.run(setup.backward, setup.backward_args);
  count_flops(state, AttentionGrad(setup.options).work(setup.in, {}).flops);
}

void half_shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"sequences", "length", "heads", "width"});
  for (int64_t length : {16, 32, 64, 128, 512}) bench->Args({1, length, 12, 32})->Args({1, length, 12, 64});
  bench->Args({8, 128, 12, 32})->Args({8, 128, 12, 64})->Args({8, 128, 12, 26});
}
BENCHMARK(half_attention_bench)->Apply(half_shapes);

void shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"sequences", "length", "heads", "width", "dropout"});
  for (int64_t length : {8, 16, 64, 128, 512}) bench->Args({1, length, 12, 32, 0});
  bench->Args({32, 16, 12, 32, 0})->Args({32, 13, 12, 32, 0})->Args({32, 16, 12, 32, 10});
  bench->Args({64, 128, 12, 32, 0});
  bench->Args({1, 128, 1, 64, 0})->Args({1, 512, 1, 64, 0});  // all in the caches
  bench->Args({1, 128, 12, 64, 0})->Args({8, 128, 12, 64, 0})->Args({8, 512, 12, 64, 0});
  bench->Args({8, 512, 12, 64, 10})->Args({4, 512, 16, 64, 0});
  bench->Args({8, 128, 12, 26, 0})->Args({4, 128, 8, 128, 0});
}
BENCHMARK(attention_forward_bench)->Apply(shapes)->Args({1, 8192, 2, 64, 0});
BENCHMARK(attention_backward_bench)->Apply(shapes)->Args({1, 4096, 2, 64, 0});

}  // namespace
}  // namespace frugal
#endif

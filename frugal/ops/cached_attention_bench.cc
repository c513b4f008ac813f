// A decoding step of cached attention in GB/s of keys and values read, beside a plain sum over the same
// memory. The caches of many layers are read in turn, as a model does, so they come from memory or the last
// cache. Run with FRUGAL_ISA=avx2 to measure another instruction set. Times are of one thread.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "frugal/base/context.h"
#include "frugal/base/random.h"
#include "frugal/ops/cached_attention.h"

namespace frugal {
namespace {

struct Setup {
  // `shuffled`: the rows of a sequence lie anywhere, else one after the other. `fresh` rows a sequence.
  Setup(int64_t layers, int64_t sequences, int64_t positions, int64_t heads, int64_t width, int64_t fresh,
        bool shuffled)
      : context(Context::make(1)) {
    const int64_t rows = sequences * positions;
    options.heads = static_cast<int>(heads);
    options.scale = 0.125f;
    options.longest = positions;
    Random random(1, "bench");
    const auto filled = [&](int64_t count) {
      Tensor tensor(DType::f32, {count, heads * width});
      for (float& x : tensor.data<float>()) x = static_cast<float>(random.normal());
      return tensor;
    };
    x = filled(sequences * fresh);
    out = filled(sequences * fresh);
    for (int64_t i = 0; i < 2 * layers; ++i) caches.push_back(filled(rows));
    table.resize(rows);
    std::iota(table.begin(), table.end(), 0);
    if (shuffled) {
      const auto order = random_permutation(rows, Random(2, "rows"));
      std::copy(order.begin(), order.end(), table.begin());
    }
    for (int64_t s = 0; s <= sequences; ++s) offsets.push_back(static_cast<int32_t>(s * fresh));
    lengths.assign(sequences, static_cast<int32_t>(positions - fresh));
    const TensorType q = f32(x.shape()), cache = f32({rows, heads * width}), o = i32({sequences + 1}),
                     l = i32({sequences}), t = i32({sequences, positions});
    const CachedAttention op(options);
    kernel = op.kernel(context, std::vector<TensorType>{q, q, q, cache, cache, o, l, t}, {});
    context.team->reserve_scratch(kernel.scratch_bytes);
    bytes = static_cast<double>(rows * heads * width) * 8;
  }
  KernelArgs args(size_t layer) {
    return {{x.bytes(), x.bytes(), x.bytes(), caches[2 * layer].bytes(), caches[2 * layer + 1].bytes(),
             offsets.data(), lengths.data(), table.data()},
            {out.bytes()}};
  }

  Context context;
  CachedAttentionOptions options;
  Tensor x, out;
  std::vector<Tensor> caches;
  std::vector<int32_t> table, offsets, lengths;
  Kernel kernel;
  double bytes;
};

// Arguments: layers, sequences, positions, heads, head size, new rows of each sequence, rows anywhere.
void cached_attention_bench(benchmark::State& state) {
  Setup setup(state.range(0), state.range(1), state.range(2), state.range(3), state.range(4), state.range(5),
              state.range(6) != 0);
  size_t layer = 0;
  for (auto _ : state) {
    const KernelArgs args = setup.args(layer++ % static_cast<size_t>(state.range(0)));
    setup.context.team->run([&](Worker& worker) { setup.kernel.run(args, worker); });
  }
  state.counters["GB/s"] = benchmark::Counter(setup.bytes * 1e-9 * static_cast<double>(state.iterations()),
                                              benchmark::Counter::kIsRate);
}
BENCHMARK(cached_attention_bench)
    ->ArgNames({"layers", "sequences", "positions", "heads", "width", "fresh", "shuffled"})
    ->Args({12, 1, 256, 12, 64, 1, 0})
    ->Args({48, 1, 256, 12, 64, 1, 0})
    ->Args({48, 1, 256, 12, 64, 1, 1})
    ->Args({1, 1, 256, 12, 64, 1, 1})
    ->Args({12, 8, 256, 12, 64, 1, 1})
    ->Args({24, 1, 1024, 16, 64, 1, 0})
    ->Args({6, 32, 64, 8, 64, 1, 1})
    ->Args({12, 1, 256, 12, 64, 2, 0})
    ->Args({12, 1, 256, 12, 64, 4, 0})
    ->Args({12, 1, 256, 12, 64, 5, 0})
    ->Args({12, 1, 256, 12, 64, 8, 0})
    ->Args({12, 1, 256, 12, 64, 16, 0})
    ->Args({12, 1, 256, 12, 64, 128, 0})
    ->Args({12, 1, 256, 12, 64, 128, 1});

// The same bytes, read in order and added up.
void read_bench(benchmark::State& state) {
  Setup setup(state.range(0), 1, 256, 12, 64, 1, false);
  size_t layer = 0;
  for (auto _ : state) {
    float sum[64] = {};
    for (size_t i = 0; i < 2; ++i) {
      const auto data = setup.caches[2 * (layer % static_cast<size_t>(state.range(0))) + i].data<float>();
      for (size_t j = 0; j < data.size(); j += 64)
        for (size_t e = 0; e < 64; ++e) sum[e] += data[j + e];
    }
    ++layer;
    benchmark::DoNotOptimize(sum);
  }
  state.counters["GB/s"] = benchmark::Counter(setup.bytes * 1e-9 * static_cast<double>(state.iterations()),
                                              benchmark::Counter::kIsRate);
}
BENCHMARK(read_bench)->ArgName("layers")->Arg(12)->Arg(48);

}  // namespace
}  // namespace frugal

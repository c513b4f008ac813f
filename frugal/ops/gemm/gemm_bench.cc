// GFLOP/s of the products (of the best call) and their share of the measured register-to-register peak, two
// threads by default (FRUGAL_THREADS): --benchmark_filter=avx2/s8 and the like choose.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>

#include "frugal/ops/gemm/gemm.h"
#include "frugal/ops/gemm/peak.h"

namespace frugal {
namespace {

int threads() {
  const char* text = std::getenv("FRUGAL_THREADS");
  return text ? std::atoi(text) : 2;
}

struct Machine {
  Context context;
  MachinePeak peak;
};

Machine& machine(Isa isa) {
  static std::map<Isa, Machine> machines;
  use_isa(isa);
  auto [found, fresh] = machines.try_emplace(isa);
  if (fresh) {
    found->second.context = Context::make(threads(), isa);
    found->second.peak = measure_peak(found->second.context);
  }
  use_isa(isa);
  return found->second;
}

using Memory = std::unique_ptr<std::byte, void (*)(void*)>;
Memory aligned(size_t bytes) {
  return {static_cast<std::byte*>(std::aligned_alloc(64, (bytes + 63) / 64 * 64)), std::free};
}

void product(benchmark::State& state, Isa isa, Precision precision, Activation activation, bool transposed) {
  Machine& on = machine(isa);
  const int64_t m = state.range(0), k = state.range(1), n = state.range(2);
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> a(m * k), b(k * n), c(m * n), bias(n, 0.5f), scales(n, 0.01f);
  for (auto* v : {&a, &b})
    for (float& x : *v) x = normal(random);
  std::vector<int8_t> w(k * n);
  // As weights come: bell-shaped, the largest of a column at 63. AVX2's kernel minds.
  for (size_t i = 0; i < w.size(); ++i)
    w[i] = static_cast<int8_t>(std::clamp(std::lround(b[i] * 19), -63L, 63L));
  const Memory packed = aligned(packed_bytes(precision, isa, k, n));
  on.context.team->reserve_scratch(gemm_scratch_bytes(precision, isa, m, n, k));
  on.context.team->run([&](Worker& worker) {
    if (precision == Precision::s8)
      pack_b_s8(isa, {w.data(), 1, k}, scales.data(), k, n, packed.get(), worker);
    else
      pack_b(precision, isa, {b.data(), 1, k}, k, n, packed.get(), worker);
  });
  const MatrixView view = transposed ? MatrixView{a.data(), 1, m} : MatrixView{a.data(), k, 1};
  const Epilogue epilogue{bias.data(), activation, nullptr};
  double best = 1e9;  // seconds: neighbours on a shared machine disturb the mean, not the best
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    on.context.team->run([&](Worker& worker) {
      gemm(precision, isa, view, packed.get(), m, n, k, c.data(), n, epilogue, worker);
    });
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  const double flops = 2.0 * static_cast<double>(m * n * k);
  const double peak = precision == Precision::f32    ? on.peak.f32_flops
                      : precision == Precision::bf16 ? on.peak.bf16_flops
                                                     : on.peak.s8_ops;
  state.counters["best_GFLOP/s"] = flops / best * 1e-9;
  state.counters["best_us"] = best * 1e6;
  if (peak > 0) state.counters["of_peak"] = flops / best / peak;
}

void pack(benchmark::State& state, Isa isa, Precision precision) {
  Machine& on = machine(isa);
  const int64_t k = state.range(0), n = state.range(1);
  std::vector<float> b(k * n, 1.0f);
  const Memory packed = aligned(packed_bytes(precision, isa, k, n));
  for (auto _ : state)
    on.context.team->run([&](Worker& worker) {
      pack_b(precision, isa, {b.data(), 1, k}, k, n, packed.get(), worker);
    });
  state.SetBytesProcessed(state.iterations() * k * n * 4);
}

void peak(benchmark::State& state, Isa isa) {
  for (auto _ : state) benchmark::DoNotOptimize(&machine(isa));
  state.counters["f32_GFLOP/s"] = machine(isa).peak.f32_flops * 1e-9;
  state.counters["bf16_GFLOP/s"] = machine(isa).peak.bf16_flops * 1e-9;
  state.counters["s8_GOP/s"] = machine(isa).peak.s8_ops * 1e-9;
  state.counters["read_GB/s"] = machine(isa).peak.bytes_per_second * 1e-9;
}

const int registered = [] {
  for (Isa isa : supported_isas()) {
    const std::string name(name_of(isa));
    benchmark::RegisterBenchmark(("peak/" + name).c_str(), peak, isa)->Iterations(1);
    for (Precision precision : {Precision::f32, Precision::bf16, Precision::s8}) {
      if (precision == Precision::bf16 && !has_bf16(isa)) continue;
      const std::string of = name + "/" + std::string(name_of(precision));
      auto* plain =
          benchmark::RegisterBenchmark(of.c_str(), product, isa, precision, Activation::none, false);
      for (auto [k, n] : {std::pair{384, 384}, {384, 1536}, {1536, 384}, {768, 3072}})
        for (int m : {1, 8, 32, 128, 512, 1024}) plain->Args({m, k, n});
      plain->Args({416, 384, 384})->Args({416, 384, 1536})->Args({416, 1536, 384});
      plain->Args({128, 3072, 768})
          ->Args({1024, 3072, 768})
          ->Args({64, 384, 31000})
          ->Args({8192, 384, 1536})
          ->Args({128, 4096, 4096})
          ->UseRealTime();
      benchmark::RegisterBenchmark((of + "_gelu").c_str(), product, isa, precision, Activation::gelu, false)
          ->Args({128, 384, 1536})
          ->Args({1024, 384, 1536})
          ->UseRealTime();
      if (precision == Precision::s8) continue;
      benchmark::RegisterBenchmark((of + "_weight_gradient").c_str(), product, isa, precision,
                                   Activation::none, true)
          ->Args({1536, 8192, 384})
          ->Args({384, 1024, 384})
          ->Args({384, 416, 384})
          ->Args({1536, 416, 384})
          ->Args({384, 416, 1536})
          ->UseRealTime();
      benchmark::RegisterBenchmark((of + "_pack").c_str(), pack, isa, precision)
          ->Args({384, 1536})
          ->UseRealTime();
    }
  }
  use_isa(machine_isa());
  return 0;
}();

}  // namespace
}  // namespace frugal

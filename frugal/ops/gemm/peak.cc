#include "frugal/ops/gemm/peak.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "frugal/base/memory.h"
#include "frugal/ops/gemm/peak_loops.h"

namespace frugal {
namespace {

using namespace gemm_internal;

constexpr int64_t kSteps = 400'000;  // about 1 ms
constexpr int kRounds = 12;
constexpr size_t kMostReadBytes = size_t{256} << 20, kMostReadItem = size_t{4} << 20;

// The best round's total of loop(), a second. loop is run on every thread at once.
template <class Loop>
double best_rate(Team& team, Loop loop) {
  double best = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<double> done(team.threads());
    double seconds = 0;
    team.run([&](Worker& worker) {
      worker.barrier();
      const auto start = std::chrono::steady_clock::now();
      done[worker.thread()] = loop(worker);
      worker.barrier();
      if (worker.thread() == 0)
        seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    });
    double total = 0;
    for (double one : done) total += one;
    best = std::max(best, total / seconds);
  }
  return best;
}

}  // namespace

MachinePeak measure_peak(const Context& context) {
  Team& team = *context.team;
  MachinePeak peak;
  peak.f32_flops = best_rate(team, [](Worker&) { return spin_f32(kSteps); });
  peak.bf16_flops = best_rate(team, [&](Worker&) { return spin_bf16(context.isa, kSteps); });
  peak.s8_ops = best_rate(team, [&](Worker&) { return spin_s8(context.isa, kSteps); });
  peak.bytes_per_second = measure_read_rate(context, kMostReadBytes);
  return peak;
}

double measure_read_rate(const Context& context, size_t bytes) {
  Team& team = *context.team;
  constexpr size_t kUnit = 1024;  // of read_bytes
  bytes = std::min(bytes, kMostReadBytes);
  const size_t share = bytes / static_cast<size_t>(team.threads());
  const size_t item = std::clamp(share / kUnit * kUnit, kUnit, kMostReadItem);
  const auto items = static_cast<int64_t>(std::max<size_t>(1, bytes / item));
  const std::shared_ptr<std::byte> memory = zeroed_memory(items * item);  // as weights lie
  team.run([&](Worker& worker) {
    worker.for_each(items, [&](int64_t i) { std::memset(memory.get() + i * item, 1, item); });
  });
  return best_rate(team, [&](Worker& worker) {
    double read = 0;
    worker.for_each(items, [&](int64_t i) { read += read_bytes(memory.get() + i * item, item); });
    return read;
  });
}

}  // namespace frugal

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
constexpr size_t kReadBytes = size_t{256} << 20, kReadItem = size_t{4} << 20;

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

  const std::shared_ptr<std::byte> memory = zeroed_memory(kReadBytes);  // as weights lie
  team.run([&](Worker& worker) {
    worker.for_each(kReadBytes / kReadItem,
                    [&](int64_t i) { std::memset(memory.get() + i * kReadItem, 1, kReadItem); });
  });
  peak.bytes_per_second = best_rate(team, [&](Worker& worker) {
    double bytes = 0;
    worker.for_each(kReadBytes / kReadItem,
                    [&](int64_t i) { bytes += read_bytes(memory.get() + i * kReadItem, kReadItem); });
    return bytes;
  });
  return peak;
}

}  // namespace frugal

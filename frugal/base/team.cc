#include "frugal/base/team.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>

#include "frugal/base/memory.h"

namespace frugal {
namespace {

constexpr int kSpins = 4000;       // about 20 us of pauses at a barrier inside a run
constexpr int kIdleSpins = 20000;  // about 100 us between runs, then the thread sleeps

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

int Worker::threads() const { return team_ ? team_->threads_ : 1; }
std::span<std::byte> Worker::scratch() const {
  return team_ ? std::span(team_->scratch_[thread_].get(), team_->scratch_bytes_) : own_;
}
int64_t Worker::take(int part, int64_t size) {
  std::atomic<int64_t>& taken = team_->taken_[part][barriers_ % 2].count;
  // A look first: to change another thread's counter takes its cache line away.
  if (part != thread_ && taken.load(std::memory_order_relaxed) >= size) return size;
  return taken.fetch_add(1, std::memory_order_relaxed);
}
void Worker::barrier() {
  if (!team_) return;
  team_->wait_for_all();
  team_->taken_[thread_][barriers_++ % 2].count.store(0, std::memory_order_relaxed);
}

Team::Team(int threads) : threads_(std::max(1, threads)), scratch_(threads_), taken_(threads_) {
  for (int i = 1; i < threads_; ++i) others_.emplace_back([this, i] { serve(i); });
}

Team::~Team() {
  stop_.store(true, std::memory_order_relaxed);
  job_.fetch_add(1, std::memory_order_release);
  job_.notify_all();
  for (std::thread& other : others_) other.join();
}

void Team::reserve_scratch(size_t bytes) {
  if (bytes <= scratch_bytes_) return;
  for (auto& block : scratch_) block.reset();
  for (auto& block : scratch_) block = zeroed_memory(bytes);
  scratch_bytes_ = bytes;
}

void Team::run(const std::function<void(Worker&)>& body) {
  std::lock_guard turn(turn_);
  body_ = &body;
  job_.fetch_add(1, std::memory_order_release);
  if (threads_ > 1) job_.notify_all();
  Worker self(this, 0);
  body(self);
  wait_for_all();
}

void Team::serve(int thread) {
  for (uint32_t seen = 0;;) {
    for (int spin = 0; job_.load(std::memory_order_acquire) == seen && spin < kIdleSpins; ++spin) pause();
    job_.wait(seen, std::memory_order_acquire);
    ++seen;
    if (stop_.load(std::memory_order_relaxed)) return;
    Worker self(this, thread);
    (*body_)(self);
    wait_for_all();
  }
}

void Team::wait_for_all() {
  const uint32_t generation = generation_.load(std::memory_order_acquire);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
    arrived_.store(0, std::memory_order_relaxed);
    generation_.fetch_add(1, std::memory_order_release);
    return;
  }
  for (int spin = 0; generation_.load(std::memory_order_acquire) == generation; ++spin)
    spin < kSpins ? pause() : static_cast<void>(sched_yield());
}

int available_cores() {
  cpu_set_t mask;
  int cores = 1;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) cores = std::max(1, CPU_COUNT(&mask));
  std::ifstream quota("/sys/fs/cgroup/cpu.max");  // cgroup v2: "max 100000" or "150000 100000"
  std::string limit;
  double period = 0;
  if (quota >> limit >> period && limit != "max" && period > 0)
    cores = std::min(cores, std::max(1, static_cast<int>(std::lround(std::atof(limit.c_str()) / period))));
  return cores;
}

}  // namespace frugal

#include "frugal/serve/compute_thread.h"

#include <new>

#include "frugal/base/error.h"

namespace frugal {
namespace {

// `done` is moved out first: it holds what waits for the job, which holds the job.
void finish(Job& job, Outcome outcome, std::string error = {}) {
  if (job.outcome != Outcome::waiting) return;
  job.outcome = outcome;
  job.error = std::move(error);
  if (auto done = std::move(job.done)) done();
}

std::vector<std::vector<float>> ask(Engine& engine, Task task, std::span<const Text> texts) {
  auto rows = task == Task::classify ? engine.classify(texts) : engine.embed(texts);
  if (rows.size() != texts.size()) throw Error("", "the model answered another number of texts");
  return rows;
}

}  // namespace

ComputeThread::ComputeThread(Engine& engine, QueueLimits limits)
    : engine_(engine), queue_(limits), thread_([this] { work(); }) {}

bool ComputeThread::try_push(std::shared_ptr<Job> job) {
  job->rows.resize(job->texts.size());
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || !queue_.try_push(std::move(job))) return false;
  }
  changed_.notify_one();
  return true;
}

size_t ComputeThread::waiting_texts() const {
  const std::lock_guard lock(mutex_);
  return queue_.waiting_texts();
}

void ComputeThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void ComputeThread::work() {
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    Batch batch;
    if (stopping_)
      batch.dropped = queue_.clear();
    else
      batch = queue_.take(ServeClock::now());
    const bool last = stopping_;
    lock.unlock();
    for (const auto& job : batch.dropped) finish(*job, Outcome::expired);
    if (last) return;
    if (!batch.slices.empty()) compute(batch);
  }
}

// Stores the slices' rows; returns what went wrong, empty when nothing did.
std::string ComputeThread::answer(Task task, std::span<const Batch::Slice> slices,
                                  std::span<const Text> texts) {
  try {
    auto rows = ask(engine_, task, texts);
    size_t row = 0;
    for (const auto& [job, begin, end] : slices)
      for (size_t i = begin; i < end; ++i) job->rows[i] = std::move(rows[row++]);
    return {};
  } catch (const std::bad_alloc&) {
    return "out of memory";
  } catch (const std::exception& error) {
    return fmt::format("the model failed: {}", error.what());
  }
}

void ComputeThread::compute(const Batch& batch) {
  std::vector<Text> texts;
  for (const auto& [job, begin, end] : batch.slices)
    for (size_t i = begin; i < end; ++i) texts.push_back(std::move(job->texts[i]));
  const std::string error = answer(batch.task, batch.slices, texts);
  size_t first = 0;
  for (const Batch::Slice& slice : batch.slices) {
    const auto& [job, begin, end] = slice;
    const std::span<const Text> own = std::span<const Text>(texts).subspan(first, end - begin);
    first += own.size();
    // A text that the model cannot take must not spoil the answers of others: each job by itself then.
    const std::string failed =
        error.empty() || batch.slices.size() == 1 ? error : answer(batch.task, {&slice, 1}, own);
    if (failed.empty() && end < job->texts.size()) continue;  // more of it is to come
    if (!failed.empty()) job->cancelled = true;               // the queue drops what is left of it
    finish(*job, failed.empty() ? Outcome::answered : Outcome::failed, failed);
  }
}

}  // namespace frugal

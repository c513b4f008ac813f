#include "frugal/serve/queue.h"

#include <algorithm>

namespace frugal {
namespace {

size_t bytes_of(const Text& text) { return text.first.size() + text.second.size(); }

}  // namespace

bool Queue::try_push(std::shared_ptr<Job> job) {
  const size_t texts = job->texts.size(), bytes = job->bytes();
  if (texts == 0 || texts > limits_.texts - texts_ || bytes > limits_.bytes - bytes_) return false;
  texts_ += texts;
  bytes_ += bytes;
  jobs_.push_back(std::move(job));
  return true;
}

Batch Queue::take(ServeClock::time_point now) {
  Batch batch;
  batch.dropped = drop(now);
  if (jobs_.empty()) return batch;
  batch.task = jobs_.front()->task;
  size_t texts = 0, bytes = 0;
  bool full = false;
  for (auto it = jobs_.begin(); it != jobs_.end() && !full;) {
    const std::shared_ptr<Job> job = *it;
    if (job->task != batch.task) {
      ++it;
      continue;
    }
    const size_t begin = job->taken;
    for (; job->taken < job->texts.size() && !full; ++job->taken) {
      const size_t more = bytes_of(job->texts[job->taken]);
      full = texts == limits_.batch_texts || (texts > 0 && bytes + more > limits_.batch_bytes);
      if (full) break;
      ++texts;
      bytes += more;
    }
    count_out(*job, begin, job->taken);
    if (job->taken > begin) batch.slices.push_back({job, begin, job->taken});
    it = job->taken == job->texts.size() ? jobs_.erase(it) : it + 1;
  }
  return batch;
}

std::vector<std::shared_ptr<Job>> Queue::clear() {
  std::vector<std::shared_ptr<Job>> all(jobs_.begin(), jobs_.end());
  jobs_.clear();
  texts_ = bytes_ = 0;
  return all;
}

std::vector<std::shared_ptr<Job>> Queue::drop(ServeClock::time_point now) {
  const auto alive = [now](const auto& job) { return !job->cancelled && now < job->deadline; };
  const auto first = std::stable_partition(jobs_.begin(), jobs_.end(), alive);
  std::vector<std::shared_ptr<Job>> gone(first, jobs_.end());
  jobs_.erase(first, jobs_.end());
  for (const auto& job : gone) count_out(*job, job->taken, job->texts.size());
  return gone;
}

void Queue::count_out(const Job& job, size_t begin, size_t end) {
  texts_ -= end - begin;
  for (size_t i = begin; i < end; ++i) bytes_ -= bytes_of(job.texts[i]);
}

}  // namespace frugal

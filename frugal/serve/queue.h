// The line of work before the model, and how it is cut into batches. A pure state machine: no locks, no
// clock, no threads.
//
// First come, first served: a batch begins with the oldest job's next texts. Texts of later jobs of the same
// task fill it up, which changes no answer. A long job is cut into several batches, so that a stop or a
// deadline never waits for more than one.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "frugal/serve/job.h"

namespace frugal {

struct QueueLimits {
  size_t texts = 1024;                 // that may wait
  size_t bytes = size_t{16} << 20;     // of texts that may wait
  size_t batch_texts = 32;             // of a batch
  size_t batch_bytes = size_t{16384};  // of a batch, some 4,000 tokens; one text may be longer
};

struct Batch {
  struct Slice {
    std::shared_ptr<Job> job;
    size_t begin, end;  // of job->texts
  };
  Task task = Task::classify;
  std::vector<Slice> slices;
  std::vector<std::shared_ptr<Job>> dropped;  // cancelled or late: to be told, not computed
};

class Queue {
 public:
  explicit Queue(QueueLimits limits) : limits_(limits) {}

  // False when the job does not fit: nothing is changed then. A job without texts never fits.
  bool try_push(std::shared_ptr<Job> job);
  // The next batch, without slices when nothing waits. `now` decides which deadlines have passed.
  Batch take(ServeClock::time_point now);
  // Empties the queue.
  std::vector<std::shared_ptr<Job>> clear();

  size_t waiting_texts() const { return texts_; }
  size_t waiting_bytes() const { return bytes_; }
  bool empty() const { return jobs_.empty(); }

 private:
  std::vector<std::shared_ptr<Job>> drop(ServeClock::time_point now);
  void count_out(const Job& job, size_t begin, size_t end);

  QueueLimits limits_;
  std::deque<std::shared_ptr<Job>> jobs_;
  size_t texts_ = 0, bytes_ = 0;
};

}  // namespace frugal

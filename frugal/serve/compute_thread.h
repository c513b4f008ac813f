// The one thread that uses the model. It takes batches from the queue and tells each job when it is done.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "frugal/serve/engine.h"
#include "frugal/serve/queue.h"

namespace frugal {

class ComputeThread {
 public:
  // `engine` outlives this object and is used by its thread only.
  ComputeThread(Engine& engine, QueueLimits limits);
  ~ComputeThread() { stop(); }
  ComputeThread(const ComputeThread&) = delete;
  ComputeThread& operator=(const ComputeThread&) = delete;

  // Any thread; never waits for the model. False when the queue is full or stop() was called; the job's
  // `done` is not called then.
  bool try_push(std::shared_ptr<Job> job);
  size_t waiting_texts() const;

  // Ends what waits as expired, finishes the batch under way (at most 32 texts) and joins the thread.
  void stop();

 private:
  void work();
  void compute(const Batch& batch);
  std::string answer(Task task, std::span<const Batch::Slice> slices, std::span<const Text> texts);

  Engine& engine_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Queue queue_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace frugal

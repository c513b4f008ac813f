// One request's work on its way through the queue.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "frugal/predict/text_model.h"

namespace frugal {

enum class Task { classify, embed };

using ServeClock = std::chrono::steady_clock;

enum class Outcome {
  waiting,
  answered,  // `rows` are complete
  failed,    // the engine threw; `error` says what
  expired,   // the deadline passed, or the client left, before it was computed
};

// Made by the thread that asks. Once it is in the queue it belongs to the compute thread, `cancelled` apart,
// until `done` is called.
struct Job {
  Task task = Task::classify;
  std::vector<Text> texts;  // moved from as they are computed
  ServeClock::time_point deadline = ServeClock::time_point::max();
  std::function<void()> done;  // called once, on the compute thread
  std::atomic<bool> cancelled{false};

  Outcome outcome = Outcome::waiting;
  std::vector<std::vector<float>> rows;  // one a text
  std::string error;

  size_t taken = 0;  // texts handed out by the queue
  size_t bytes() const {
    size_t sum = 0;
    for (const Text& text : texts) sum += text.first.size() + text.second.size();
    return sum;
  }
};

}  // namespace frugal

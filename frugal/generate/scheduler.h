// Many prompts at once: a prompt's rows join the others' as soon as there is room, and leave when its search
// is over (continuous batching: Yu et al., "Orca", OSDI 2022). A prompt's ids are the same alone or in any
// company.
//
// Not synchronised.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "frugal/base/context.h"
#include "frugal/generate/search.h"
#include "frugal/generate/step_model.h"

namespace frugal {

struct SchedulerLimits {
  int rows = 64;                           // hypotheses computed at once
  int64_t prompt_tokens = 2048;            // of prompts that join in one step
  int64_t cache_bytes = int64_t{1} << 30;  // reserved for the longest that the live rows can become
};

struct GenerationRequest {
  Prompt prompt;
  uint64_t index = 0;  // keys what is drawn at random
  // A single chain's new ids as they come; may be empty.
  std::function<void(std::span<const int32_t> settled)> on_ids;
  std::function<void(std::vector<Hypothesis>)> on_done;
};

// The lengths of a prompt's continuation. Throws Error for a prompt that cannot be continued: too long, ids
// that are no tokens.
Lengths check_prompt(const StepModel& model, const GenerationOptions& options, const Prompt& prompt);

class Scheduler {
 public:
  // The model must outlive it.
  Scheduler(StepModel& model, Context context, std::shared_ptr<const SearchSettings> settings,
            SchedulerLimits limits = {});

  // Throws as check_prompt.
  void submit(GenerationRequest request);
  // One step of all live prompts; false when there is nothing left to do. Callbacks run in here, on this
  // thread, in the order of submission. What they throw leaves through here and ends the run.
  bool step();
  void run() {
    while (step()) {
    }
  }
  size_t waiting() const { return waiting_.size(); }

 private:
  struct Job {
    GenerationRequest request;
    std::unique_ptr<Search> search;
    int64_t source = 0, decoder = 0;  // cache rows reserved
    std::vector<Search::Row> next;
    int first_row = 0;  // of its rows in the last step
    bool begun = false;
  };

  void admit();
  std::vector<StepRow> rows();
  void advance(std::span<const std::span<float>> logits);

  StepModel& model_;
  Context context_;
  std::shared_ptr<const SearchSettings> settings_;
  SchedulerLimits limits_;
  std::deque<Job> waiting_, live_;
  int live_rows_ = 0;
  int64_t source_ = 0, decoder_ = 0;  // cache rows reserved
};

}  // namespace frugal

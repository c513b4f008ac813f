// From what a job measured to the report it writes.
#pragma once

#include "frugal/shrink/job.h"
#include "frugal/shrink/report.h"

namespace frugal {

struct JobReport {
  const ShrinkOptions& options;
  const TaskData& data;
  std::vector<ReportCandidate> candidates;  // [0] is the teacher
  std::vector<ReportCandidate> dropped;
  size_t winner = 0;
  bool target_met = false;
  std::optional<Measurement> teacher_test, winner_test;
  std::vector<int32_t> winner_answers;                      // on the test set
  std::vector<std::pair<std::string, std::string>> curves;  // title, folder of metrics.jsonl
  ModelInfo pretrained;
  const Context& context;
};

Report make_report(const JobReport& job);

// What a finished job in `folder` said.
ShrinkOutcome finished_outcome(const std::string& folder);

}  // namespace frugal

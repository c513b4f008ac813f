// What a shrink job tells its user: report.html, one page without outside resources, and report.json with the
// same numbers (loss curves thinned to 300 points; metrics.jsonl has them all).
//
// The job fills a Report; nothing here measures. All texts may come from files: they are escaped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "frugal/base/stats.h"
#include "frugal/io/json.h"

namespace frugal {

// How a model did on some rows and how it ran.
struct Measurement {
  Estimate metric;                     // accuracy, or what Report::metric names, with its 95 % interval
  int64_t rows = 0;                    // n
  std::optional<Estimate> share = {};  // of the teacher's metric, paired over the same rows
  double latency_ms = 0;               // median of one text at a time
  double texts_per_second = 0;
  int64_t peak_memory_bytes = 0;
};

enum class CandidateState { teacher, winner, holds, misses, dropped };

struct ReportCandidate {
  std::string name;  // "3 layers, small vocabulary, int8"
  int64_t layers = 0, vocabulary = 0;
  std::string precision = {};  // "fp32", "int8"
  int64_t parameters = 0, bytes = 0;
  std::optional<Measurement> validation = {};  // none if dropped before it was measured
  double train_seconds = 0, cpu_seconds = 0;   // 0 for one that needs no training of its own
  std::optional<double> energy_wh = {}, money = {};
  CandidateState state = CandidateState::misses;
  std::string why = {};  // "cannot be smaller than 3 layers, int8, which holds the target"
};

// One training run's losses; points with a NaN leave a gap.
using CurvePoints = std::vector<std::pair<double, double>>;  // step, loss; by rising step
struct LossCurve {
  std::string name;  // "train", "validation"
  CurvePoints points;
};
struct TrainingRun {
  std::string name;
  std::vector<LossCurve> curves;
};

// The winner's answers, for the confusion table.
struct Answers {
  std::vector<std::string> names;  // of the classes
  std::vector<int32_t> truth, predicted;
};

using Facts = std::vector<std::pair<std::string, std::string>>;  // name, value; in this order

struct Report {
  std::string title;        // "MiniLM on BANKING77"
  std::string main_result;  // the one sentence to remember
  std::string metric = "accuracy";
  bool percent = true;  // the metric is a share of rows; else a bare number such as a correlation
  double target = 0;    // share of the teacher's metric
  bool target_met = false;
  std::string money_unit = "EUR";
  std::vector<ReportCandidate> candidates;
  // Test set, used once: of the teacher and the winner.
  std::optional<Measurement> teacher_test, winner_test;
  std::vector<TrainingRun> runs;
  std::optional<Answers> answers;  // on the test set if there is one
  std::string serve_command;
  std::string command;
  Facts machine, settings;  // settings: seeds, data files, rows, version
};

Json report_json(const Report& report);
std::string report_html(const Report& report);
// folder/report.html and folder/report.json, each whole or not at all.
void write_report(const std::string& folder, const Report& report);

const char* name_of(CandidateState state);  // "meets the target"

}  // namespace frugal

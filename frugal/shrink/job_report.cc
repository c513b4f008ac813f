#include "frugal/shrink/job_report.h"

#include <filesystem>
#include <fstream>
#include <thread>

#include "frugal/base/format.h"
#include "frugal/train/metrics.h"

namespace frugal {
namespace {

std::string cpu_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  return "unknown CPU";
}

TrainingRun training_run(const std::string& title, const std::string& folder) {
  TrainingRun run{title, {{"loss", {}}}};
  for (const MetricsLine& line : read_metrics(folder + "/" + kMetricsFile))
    for (const auto& [name, value] : line.values)
      if (line.split == "train" && name == "loss") run.curves[0].points.emplace_back(line.step, value);
  return run;
}

std::string sentence(const JobReport& job, const ReportCandidate& winner, const ReportCandidate& teacher) {
  const Measurement& w = job.winner_test ? *job.winner_test : *winner.validation;
  const Measurement& t = job.teacher_test ? *job.teacher_test : *teacher.validation;
  return fmt::format(
      "{} keeps {} of the teacher's {} on {} ({} of {}), is {:.1f} times smaller ({} of {}) and {:.1f} "
      "times faster for one text ({:.2f} of {:.2f} ms), {:.1f} times in batches ({:.0f} of {:.0f} texts/s).",
      winner.name, format_percent(w.share ? w.share->value : 1),
      job.data.labels.regression ? "correlation" : "accuracy", job.winner_test ? "test" : "validation",
      format_percent(w.metric.value), format_percent(t.metric.value),
      static_cast<double>(teacher.bytes) / static_cast<double>(winner.bytes),
      format_bytes(static_cast<double>(winner.bytes)), format_bytes(static_cast<double>(teacher.bytes)),
      t.latency_ms / w.latency_ms, w.latency_ms, t.latency_ms, w.texts_per_second / t.texts_per_second,
      w.texts_per_second, t.texts_per_second);
}

}  // namespace

Report make_report(const JobReport& job) {
  const ShrinkOptions& o = job.options;
  const auto training_texts = static_cast<int64_t>(job.data.training_rows.size());
  Report report;
  const auto base = [](const std::string& path) {
    const std::filesystem::path p = std::filesystem::path(path).lexically_normal();
    return (p.has_filename() ? p.filename() : p.parent_path().filename()).string();
  };
  report.title = fmt::format("{} on {}", base(o.model), base(o.data.train));
  report.metric = job.data.labels.regression ? "Spearman correlation" : "accuracy";
  report.percent = !job.data.labels.regression;
  report.target = o.target;
  report.target_met = job.target_met;
  report.candidates = job.candidates;
  report.main_result = sentence(job, job.candidates[job.winner], job.candidates[0]);
  report.candidates.insert(report.candidates.end(), job.dropped.begin(), job.dropped.end());
  report.teacher_test = job.teacher_test;
  report.winner_test = job.winner_test;
  for (const auto& [title, folder] : job.curves) report.runs.push_back(training_run(title, folder));
  if (!job.winner_answers.empty())
    report.answers = Answers{job.data.labels.names, job.data.test_targets.classes, job.winner_answers};
  report.serve_command = fmt::format("frugal serve {}", o.out);
  report.command = o.command;
  report.machine = {{"CPU", cpu_name()},
                    {"threads", std::to_string(job.context.team->threads())},
                    {"instruction set", std::string(name_of(job.context.isa))}};
  report.settings = {
      {"training texts", format_count(training_texts)},
      {"validation texts", format_count(static_cast<int64_t>(job.data.validation_rows.size()))},
      {"test texts", format_count(job.data.test.size())},
      {"seed", std::to_string(o.data.seed)},
      {"teacher", fmt::format("{} epochs, learning rate {}", o.teacher.epochs, o.teacher.learning_rate)},
      {"students",
       fmt::format("{} epochs of one layer, {} of two, {} of more; learning rate {}, temperature {}, "
                   "{} noisy copies of each text",
                   student_epochs(o, 1), student_epochs(o, 2), student_epochs(o, 3), o.student.learning_rate,
                   o.distill.temperature, student_copies(o, training_texts))},
      {"frugal", "0.1.0"}};
  return report;
}

ShrinkOutcome finished_outcome(const std::string& folder) {
  const std::string where = folder + "/report.json";
  ShrinkOutcome outcome;
  outcome.report = load_json(where);
  outcome.target_met = get_bool_or(outcome.report, "target_met", where, false);
  outcome.summary = get_string_or(outcome.report, "main_result", where, "");
  return outcome;
}

}  // namespace frugal

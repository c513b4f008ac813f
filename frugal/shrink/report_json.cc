#include <cmath>

#include "frugal/shrink/chart.h"
#include "frugal/shrink/report.h"
#include "frugal/shrink/report_confusion.h"

namespace frugal {
namespace {

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json json_of(const Estimate& estimate) {
  return {{"value", number(estimate.value)}, {"low", number(estimate.low)}, {"high", number(estimate.high)}};
}

Json or_null(const std::optional<double>& value) { return value ? number(*value) : Json(nullptr); }
Json or_null(const std::optional<Estimate>& value) { return value ? json_of(*value) : Json(nullptr); }

Json json_of(const Measurement& m) {
  return {{"metric", json_of(m.metric)},
          {"rows", m.rows},
          {"share_of_teacher", or_null(m.share)},
          {"latency_ms", number(m.latency_ms)},
          {"texts_per_second", number(m.texts_per_second)},
          {"peak_memory_bytes", m.peak_memory_bytes}};
}

Json or_null(const std::optional<Measurement>& value) { return value ? json_of(*value) : Json(nullptr); }

Json json_of(const ReportCandidate& one) {
  return {{"name", one.name},
          {"layers", one.layers},
          {"vocabulary", one.vocabulary},
          {"precision", one.precision},
          {"parameters", one.parameters},
          {"bytes", one.bytes},
          {"validation", or_null(one.validation)},
          {"train_seconds", number(one.train_seconds)},
          {"cpu_seconds", number(one.cpu_seconds)},
          {"energy_wh", or_null(one.energy_wh)},
          {"money", or_null(one.money)},
          {"state", name_of(one.state)},
          {"why", one.why}};
}

Json json_of(const TrainingRun& run) {
  Json curves = Json::object();
  for (const LossCurve& curve : run.curves) {
    Json points = Json::array();
    for (const auto& [step, loss] : thinned(curve.points)) points.push_back({number(step), number(loss)});
    curves[curve.name] = std::move(points);
  }
  return {{"name", run.name}, {"loss", std::move(curves)}};
}

Json json_of(const Facts& facts) {
  Json json = Json::object();
  for (const auto& [name, value] : facts) json[name] = value;
  return json;
}

Json confusions(const Answers& answers) {
  constexpr size_t kMost = 100;
  Json list = Json::array();
  for (const ConfusedPair& pair : most_confused(answers, kMost))
    list.push_back({{"truth", answers.names[static_cast<size_t>(pair.truth)]},
                    {"predicted", answers.names[static_cast<size_t>(pair.predicted)]},
                    {"count", pair.count},
                    {"rows", pair.rows}});
  return list;
}

}  // namespace

const char* name_of(CandidateState state) {
  switch (state) {
    case CandidateState::teacher:
      return "teacher";
    case CandidateState::winner:
      return "winner";
    case CandidateState::holds:
      return "meets the target";
    case CandidateState::misses:
      return "misses the target";
    case CandidateState::dropped:
      return "dropped early";
  }
  return "";
}

Json report_json(const Report& report) {
  Json json = {{"title", report.title},
               {"main_result", report.main_result},
               {"metric", report.metric},
               {"target", number(report.target)},
               {"target_met", report.target_met},
               {"money_unit", report.money_unit},
               {"test", {{"teacher", or_null(report.teacher_test)}, {"winner", or_null(report.winner_test)}}},
               {"serve_command", report.serve_command},
               {"command", report.command},
               {"machine", json_of(report.machine)},
               {"settings", json_of(report.settings)},
               {"candidates", Json::array()},
               {"runs", Json::array()}};
  for (const ReportCandidate& one : report.candidates) json["candidates"].push_back(json_of(one));
  for (const TrainingRun& run : report.runs) json["runs"].push_back(json_of(run));
  if (report.answers) json["most_confused"] = confusions(*report.answers);
  return json;
}

}  // namespace frugal

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "frugal/base/format.h"
#include "frugal/io/file.h"
#include "frugal/shrink/chart.h"
#include "frugal/shrink/report.h"
#include "frugal/shrink/report_escape.h"
#include "frugal/shrink/report_parts.h"

namespace frugal {
namespace {

const ReportCandidate* find(const Report& report, CandidateState state) {
  const auto found = std::find_if(report.candidates.begin(), report.candidates.end(),
                                  [&](const ReportCandidate& one) { return one.state == state; });
  return found == report.candidates.end() ? nullptr : &*found;
}

std::string tile(const std::string& name, const std::string& value, const std::string& below) {
  return fmt::format("<div class=\"tile\"><span>{}</span><b>{}</b><span>{}</span></div>\n", html_escape(name),
                     html_escape(value), html_escape(below));
}

std::string times(double ratio) { return format_number(ratio, ratio >= 9.95 ? 3 : 2) + " \u00d7"; }

// Teacher against winner: the test figures if there are some, else those of the validation rows.
std::string tiles(const Report& report) {
  const ReportCandidate *teacher = find(report, CandidateState::teacher),
                        *winner = find(report, CandidateState::winner);
  if (!winner || !teacher) return "";
  const bool test = report.winner_test && report.teacher_test;
  const auto& after = test ? report.winner_test : winner->validation;
  const auto& before = test ? report.teacher_test : teacher->validation;
  std::string html = "<div class=\"tiles\">\n";
  const auto mb = [](int64_t bytes) { return format_bytes(static_cast<double>(bytes)); };
  if (after && before) {
    html += tile(fmt::format("{} on {}", report.metric, test ? "test" : "validation"),
                 metric_text(report, after->metric.value),
                 fmt::format("{}, n = {}; teacher {}", interval_text(report.percent, after->metric),
                             format_count(after->rows), metric_text(report, before->metric.value)));
    if (after->share && std::isfinite(after->share->value))
      html += tile("share of the teacher", format_percent(after->share->value),
                   fmt::format("{}; target {} on validation", interval_text(true, *after->share),
                               format_percent(report.target, 0)));
  }
  if (winner->bytes > 0)
    html += tile("smaller on disk",
                 times(static_cast<double>(teacher->bytes) / static_cast<double>(winner->bytes)),
                 fmt::format("{}, teacher {}", mb(winner->bytes), mb(teacher->bytes)));
  if (after && before && after->latency_ms > 0)
    html += tile("faster, one text at a time", times(before->latency_ms / after->latency_ms),
                 fmt::format("{} ms, teacher {} ms", format_number(after->latency_ms, 3),
                             format_number(before->latency_ms, 3)));
  return html + "</div>\n";
}

std::string loss_section(const Report& report) {
  std::string charts;
  for (const TrainingRun& run : report.runs)
    if (const std::string chart = loss_chart(run); !chart.empty())
      charts += fmt::format("<div><h3>{}</h3>{}</div>\n", html_escape(run.name), chart);
  return charts.empty() ? "" : "<h2>Training</h2>\n<div class=\"runs\">\n" + charts + "</div>\n";
}

std::string command_section(const std::string& title, const std::string& command) {
  if (command.empty()) return "";
  return fmt::format("<h2>{}</h2>\n<pre>{}</pre>\n", title, html_escape(command));
}

std::string facts_section(const std::string& title, const Facts& facts) {
  if (facts.empty()) return "";
  std::string html = fmt::format("<div><h2>{}</h2>\n<dl>\n", title);
  for (const auto& [name, value] : facts)
    html += fmt::format("<dt>{}</dt><dd>{}</dd>\n", html_escape(name), html_escape(value));
  return html + "</dl></div>\n";
}

std::string tradeoff_section(const Report& report) {
  const std::string chart = tradeoff_chart(report);
  if (chart.empty()) return "";
  return "<h2>Size against quality</h2>\n" + chart +
         "<p class=\"note\">Circles are fp32, diamonds lower precision. The stepped line joins the models "
         "that no "
         "smaller one matches.</p>\n";
}

}  // namespace

std::string report_html(const Report& report) {
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n"
      "<style>{}</style>\n</head>\n<body>\n<main>\n<h1>{}</h1>\n<p class=\"lead{}\">{}</p>\n",
      html_escape(report.title), report_style(), html_escape(report.title),
      report.target_met ? "" : " missed", html_escape(report.main_result));
  html += tiles(report) + tradeoff_section(report) + candidates_table(report);
  html +=
      command_section("Serve it", report.serve_command) + confusion_section(report) + loss_section(report);
  html += command_section("How this was made", report.command);
  html += "<div class=\"two\">\n" + facts_section("Settings", report.settings) +
          facts_section("Machine", report.machine) + "</div>\n";
  return html + "</main>\n</body>\n</html>\n";
}

void write_report(const std::string& folder, const Report& report) {
  make_folder(folder);
  write_json(folder + "/report.json", report_json(report));
  write_file(folder + "/report.html", report_html(report));
}

}  // namespace frugal

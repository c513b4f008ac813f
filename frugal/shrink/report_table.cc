#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "frugal/base/format.h"
#include "frugal/shrink/report_escape.h"
#include "frugal/shrink/report_parts.h"

namespace frugal {
namespace {

std::string cell(const std::string& main, const std::string& small = "") {
  const std::string below = small.empty() ? "" : "<small>" + html_escape(small) + "</small>";
  return fmt::format("<td class=\"n\">{}{}</td>", html_escape(main), below);
}

std::string head(const std::string& name, const std::string& small = "") {
  const std::string below = small.empty() ? "" : "<small>" + html_escape(small) + "</small>";
  return fmt::format("<th class=\"n\">{}{}</th>", html_escape(name), below);
}

std::string measured_cells(const Report& report, const ReportCandidate& one) {
  if (!one.validation) return "<td class=\"n none\" colspan=\"4\">not measured</td>";
  const Measurement& m = *one.validation;
  std::string row = cell(metric_text(report, m.metric.value), interval_text(report.percent, m.metric));
  row += m.share && std::isfinite(m.share->value)
             ? cell(format_percent(m.share->value), interval_text(true, *m.share))
             : cell("-");
  row += cell(format_number(m.latency_ms, 3) + " ms", format_number(m.texts_per_second, 3) + " texts/s");
  return row + cell(format_bytes(static_cast<double>(m.peak_memory_bytes)));
}

const char* css_of(CandidateState state) {
  switch (state) {
    case CandidateState::teacher:
      return "teacher";
    case CandidateState::winner:
      return "winner";
    case CandidateState::holds:
      return "holds";
    case CandidateState::misses:
      return "misses";
    case CandidateState::dropped:
      return "dropped";
  }
  return "";
}

// "n = 1,000" where all candidates were measured on as many rows.
std::string rows_note(const Report& report) {
  int64_t least = 0, most = 0;
  for (const ReportCandidate& one : report.candidates) {
    if (!one.validation) continue;
    least = most == 0 ? one.validation->rows : std::min(least, one.validation->rows);
    most = std::max(most, one.validation->rows);
  }
  if (most == 0) return "";
  return least == most ? fmt::format("n = {}", format_count(most))
                       : fmt::format("n = {} to {}", format_count(least), format_count(most));
}

}  // namespace

std::string metric_text(const Report& report, double value) {
  if (!std::isfinite(value)) return "-";
  return report.percent ? format_percent(value) : fmt::format("{:.3f}", value);
}

std::string interval_text(bool percent, const Estimate& estimate) {
  if (!std::isfinite(estimate.low) || !std::isfinite(estimate.high)) return "";
  if (percent) return fmt::format("{:.1f} to {:.1f}", 100 * estimate.low, 100 * estimate.high);
  return fmt::format("{:.3f} to {:.3f}", estimate.low, estimate.high);
}

std::string candidates_table(const Report& report) {
  if (report.candidates.empty()) return "";
  const auto any = [&](auto member) {
    return std::any_of(report.candidates.begin(), report.candidates.end(),
                       [&](const ReportCandidate& one) { return (one.*member).has_value(); });
  };
  const bool energy = any(&ReportCandidate::energy_wh), money = any(&ReportCandidate::money);
  std::string html = fmt::format(
      "<h2>Candidates</h2>\n<div class=\"wide\"><table class=\"candidates\">\n<thead><tr><th>Model</th>"
      "{}{}{}{}{}{}{}{}{}",
      head("Layers"), head("Vocabulary"), head("Parameters", "precision"), head("Size"),
      head(report.metric, rows_note(report)), head("Of teacher"), head("Latency", "throughput"),
      head("Peak memory"), head("Training", "CPU time"));
  if (energy) html += head("Energy");
  if (money) html += head(report.money_unit);
  html += "</tr></thead>\n<tbody>\n";
  for (const ReportCandidate& one : report.candidates) {
    const std::string state = one.name == name_of(one.state) ? "" : name_of(one.state);
    html += fmt::format(
        "<tr class=\"{}\"><th scope=\"row\">{}<small><span class=\"state\">{}</span>{}{}</small></th>",
        css_of(one.state), html_escape(one.name), state, state.empty() || one.why.empty() ? "" : ": ",
        html_escape(one.why));
    html += cell(format_count(one.layers)) + cell(format_count(one.vocabulary)) +
            cell(format_si(static_cast<double>(one.parameters), ""), one.precision) +
            cell(format_bytes(static_cast<double>(one.bytes))) + measured_cells(report, one);
    html += one.train_seconds > 0 ? cell(format_duration(one.train_seconds), format_duration(one.cpu_seconds))
                                  : cell("-");
    if (energy) html += cell(one.energy_wh ? format_si(*one.energy_wh, "Wh") : "-");
    if (money) html += cell(one.money ? format_number(*one.money, 3) : "-");
    html += "</tr>\n";
  }
  return html +
         "</tbody></table></div>\n<p class=\"note\">Below accuracies and shares their 95 % intervals. The "
         "share "
         "is of the same rows as the teacher's, so its interval is the narrower one.</p>\n";
}

}  // namespace frugal

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "frugal/base/format.h"
#include "frugal/shrink/chart.h"
#include "frugal/shrink/chart_labels.h"
#include "frugal/shrink/chart_svg.h"
#include "frugal/shrink/report_escape.h"

namespace frugal {
namespace {

constexpr double kWidth = 960, kHeight = 480, kLeft = 64, kRight = 24, kTop = 34, kBottom = 48;
constexpr double kLetters = 12;

using Candidates = std::vector<const ReportCandidate*>;

double megabytes(const ReportCandidate& one) { return std::max(1.0, static_cast<double>(one.bytes)) / 1e6; }
const Estimate& metric(const ReportCandidate& one) { return one.validation->metric; }

// Winner and teacher first: their labels get the best places.
Candidates measured(const Report& report) {
  Candidates list;
  for (const ReportCandidate& one : report.candidates)
    if (one.validation && std::isfinite(one.validation->metric.value)) list.push_back(&one);
  const auto rank = [](const ReportCandidate* one) {
    return one->state == CandidateState::winner ? 0 : one->state == CandidateState::teacher ? 1 : 2;
  };
  std::stable_sort(list.begin(), list.end(), [&](const auto* a, const auto* b) { return rank(a) < rank(b); });
  return list;
}

const char* css_of(CandidateState state) {
  switch (state) {
    case CandidateState::teacher:
      return "teacher";
    case CandidateState::winner:
      return "winner";
    case CandidateState::holds:
      return "holds";
    default:
      return "misses";
  }
}

// The best metric up to each size, as steps from the smallest on. Its lines are added to `drawn`.
std::string front(Candidates list, const Axis& x, const Axis& y, std::vector<Box>& drawn) {
  std::stable_sort(list.begin(), list.end(),
                   [](const auto* a, const auto* b) { return a->bytes < b->bytes; });
  std::string path;
  double best = -std::numeric_limits<double>::infinity(), last_x = 0, last_y = 0;
  const auto step_to = [&](double px, double py) {
    drawn.push_back({last_x, last_y - 2, px, last_y + 2});
    drawn.push_back({px - 2, std::min(py, last_y), px + 2, std::max(py, last_y)});
    path += fmt::format(" H{:.1f} V{:.1f}", px, py);
  };
  for (const ReportCandidate* one : list) {
    if (metric(*one).value <= best) continue;
    best = metric(*one).value;
    const double px = x.at(megabytes(*one)), py = y.at(best);
    if (path.empty()) {
      path = fmt::format("M{:.1f} {:.1f}", px, py);
    } else {
      step_to(px, py);
    }
    last_x = px, last_y = py;
  }
  step_to(x.to, last_y);
  return fmt::format("<path d=\"{}\" class=\"front\"/>\n", path);
}

std::string mark(const ReportCandidate& one, double px, double py, const std::string& title) {
  const char* css = css_of(one.state);
  const double r = one.state == CandidateState::winner ? 7.5 : 5.5;
  const std::string inside = fmt::format("<title>{}</title>", html_escape(title));
  if (one.precision == "fp32")
    return fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" class=\"mark {}\">{}</circle>\n", px, py,
                       r, css, inside);
  return fmt::format("<path d=\"M{:.1f} {:.1f} l{} {} l-{} {} l-{} -{} z\" class=\"mark {}\">{}</path>\n", px,
                     py - r * 1.25, r * 1.25, r * 1.25, r * 1.25, r * 1.25, r * 1.25, r * 1.25, css, inside);
}

}  // namespace

std::string tradeoff_chart(const Report& report) {
  const Candidates list = measured(report);
  if (list.empty()) return "";
  double small = std::numeric_limits<double>::infinity(), large = 0, low = small, high = -small;
  for (const ReportCandidate* one : list) {
    small = std::min(small, megabytes(*one));
    large = std::max(large, megabytes(*one));
    low = std::min({low, metric(*one).low, metric(*one).value});
    high = std::max({high, metric(*one).high, metric(*one).value});
  }
  const auto teacher = std::find_if(list.begin(), list.end(),
                                    [](const auto* one) { return one->state == CandidateState::teacher; });
  const double bar = teacher == list.end() ? low : report.target * metric(**teacher).value;
  Axis x = padded_axis(small, large, 0.08, true),
       y = padded_axis(std::min(low, bar), std::max(high, bar), 0.06, false);
  x.from = kLeft, x.to = kWidth - kRight, y.from = kHeight - kBottom, y.to = kTop;

  std::string svg =
      fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{} against size\" class=\"chart\">\n",
                  kWidth, kHeight, html_escape(report.metric));
  const auto number = [&](double value) {
    return report.percent ? tick_number(100 * value) + " %" : tick_number(value);
  };
  svg += svg_axes(x, {"size on disk (MB, logarithmic)", tick_number}, y,
                  {report.metric + " on validation, 95 % interval", number}, 0, 6);
  std::vector<Box> drawn;
  svg += front(list, x, y, drawn);
  if (teacher != list.end()) {
    const std::string text = fmt::format("target: {} of the teacher", format_percent(report.target, 0));
    svg += svg_line(x.from, y.at(bar), x.to, y.at(bar), "target");
    svg += svg_text(x.to - 6, y.at(bar) + 16, text, "end", "target-name");
    drawn.push_back({x.from, y.at(bar) - 2, x.to, y.at(bar) + 2});
    drawn.push_back({x.to - 6 - text_width(text, kLetters), y.at(bar), x.to, y.at(bar) + 20});
  }
  std::vector<LabelPoint> points;
  for (const ReportCandidate* one : list) {
    const double px = x.at(megabytes(*one));
    points.push_back({px, y.at(metric(*one).value), one->name});
    drawn.push_back({px - 2, y.at(metric(*one).high), px + 2, y.at(metric(*one).low)});
    svg += svg_line(px, y.at(metric(*one).low), px, y.at(metric(*one).high), "whisker");
  }
  const auto places = place_labels(points, {x.from, y.to, x.to, y.from}, kLetters, drawn);
  for (size_t i = 0; i < list.size(); ++i) {
    if (!places[i].leader) continue;
    const double end =
        std::clamp(points[i].x, places[i].x, places[i].x + text_width(points[i].text, kLetters));
    svg += svg_line(points[i].x, points[i].y, end, places[i].y + (places[i].y < points[i].y ? 3 : -10),
                    "leader");
  }
  for (size_t i = 0; i < list.size(); ++i) {
    const ReportCandidate& one = *list[i];
    const Estimate& m = metric(one);
    svg += mark(one, points[i].x, points[i].y,
                fmt::format("{}: {} ({} to {}), {} rows, {}", one.name, number(m.value), number(m.low),
                            number(m.high), format_count(one.validation->rows),
                            format_bytes(static_cast<double>(one.bytes))));
    svg += svg_text(places[i].x, places[i].y, one.name, "start",
                    one.state == CandidateState::winner ? "name winner-name" : "name");
  }
  return svg + "</svg>\n";
}

}  // namespace frugal

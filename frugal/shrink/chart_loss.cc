#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "frugal/base/format.h"
#include "frugal/shrink/chart.h"
#include "frugal/shrink/chart_svg.h"
#include "frugal/shrink/report_escape.h"

namespace frugal {
namespace {

constexpr double kWidth = 460, kHeight = 260, kLeft = 48, kRight = 14, kTop = 30, kBottom = 44;
constexpr size_t kMostPoints = 300;

std::string polyline(const CurvePoints& points, const Axis& x, const Axis& y, const std::string& css) {
  std::string path;
  bool down = false;
  for (const auto& [step, loss] : points) {
    if (!std::isfinite(loss)) {
      down = false;
      continue;
    }
    path += fmt::format("{}{:.1f} {:.1f}", down ? "L" : "M", x.at(step), y.at(loss));
    down = true;
  }
  return fmt::format("<path d=\"{}\" class=\"curve {}\"/>\n", path, css);
}

}  // namespace

CurvePoints thinned(const CurvePoints& points) {
  if (points.size() <= kMostPoints) return points;
  CurvePoints out;
  for (size_t i = 0; i < kMostPoints; ++i) {
    const size_t first = i * points.size() / kMostPoints, end = (i + 1) * points.size() / kMostPoints;
    double step = 0, loss = 0;
    for (size_t j = first; j < end; ++j) step += points[j].first, loss += points[j].second;
    const auto count = static_cast<double>(end - first);
    out.emplace_back(step / count, loss / count);
  }
  return out;
}

std::string loss_chart(const TrainingRun& run) {
  std::vector<CurvePoints> curves;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double first = kInfinity, last = -kInfinity, low = 0, high = -kInfinity;
  for (const LossCurve& curve : run.curves) {
    curves.push_back(thinned(curve.points));
    for (const auto& [step, loss] : curves.back()) {
      first = std::min(first, step);
      last = std::max(last, step);
      if (!std::isfinite(loss)) continue;
      low = std::min(low, loss);
      high = std::max(high, loss);
    }
  }
  if (!std::isfinite(high) || !std::isfinite(first)) return "";
  if (first == last) last = first + 1;
  if (high <= low) high = low + 1;
  const Axis x{first, last, kLeft, kWidth - kRight, false},
      y{low, high * 1.04, kHeight - kBottom, kTop, false};

  std::string svg =
      fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"loss of {}\" class=\"chart\">\n",
                  kWidth, kHeight, html_escape(run.name));
  const auto step_text = [](double value) { return format_count(std::llround(value)); };
  svg += svg_axes(x, {"step", step_text}, y, {"loss", tick_number}, 5, 4);
  double legend = kWidth - kRight;
  for (size_t i = run.curves.size(); i-- > 0;) {
    const std::string css = fmt::format("series-{}", i % 4);
    svg += polyline(curves[i], x, y, css);
    svg += svg_text(legend, kTop - 10, run.curves[i].name, "end", "legend " + css);
    legend -= 14 + 7 * static_cast<double>(run.curves[i].name.size());
  }
  return svg + "</svg>\n";
}

}  // namespace frugal

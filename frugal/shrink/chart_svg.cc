#include "frugal/shrink/chart_svg.h"

#include <fmt/format.h>

#include <cmath>

#include "frugal/shrink/report_escape.h"

namespace frugal {

std::string svg_text(double x, double y, std::string_view text, std::string_view anchor,
                     std::string_view css) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" class=\"{}\">{}</text>\n", x, y,
                     anchor, css, html_escape(text));
}

std::string svg_line(double x1, double y1, double x2, double y2, std::string_view css) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"{}\"/>\n", x1, y1,
                     x2, y2, css);
}

std::string svg_axes(const Axis& x, const AxisText& x_text, const Axis& y, const AxisText& y_text,
                     int x_ticks, int y_ticks) {
  std::string svg;
  for (const double tick : axis_ticks(y, y_ticks)) {
    svg += svg_line(x.from, y.at(tick), x.to, y.at(tick), "grid");
    svg += svg_text(x.from - 8, y.at(tick) + 4, y_text.tick(tick), "end", "tick");
  }
  for (const double tick : axis_ticks(x, x_ticks)) {
    svg += svg_line(x.at(tick), y.from, x.at(tick), y.from + 5, "axis");
    svg += svg_text(x.at(tick), y.from + 19, x_text.tick(tick), "middle", "tick");
  }
  svg += svg_line(x.from, y.from, x.to, y.from, "axis");
  svg += svg_text(x.to, y.from + 36, x_text.name, "end", "axis-name");
  svg += svg_text(x.from, y.to - 10, y_text.name, "start", "axis-name");
  return svg;
}

std::string tick_number(double value) { return fmt::format("{:g}", std::round(value * 1e6) / 1e6); }

}  // namespace frugal

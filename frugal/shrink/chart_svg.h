// The pieces that both charts are drawn of.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "frugal/shrink/chart_axis.h"

namespace frugal {

std::string svg_text(double x, double y, std::string_view text, std::string_view anchor,
                     std::string_view css = "");
std::string svg_line(double x1, double y1, double x2, double y2, std::string_view css);

struct AxisText {
  std::string name;
  std::function<std::string(double)> tick;
};

// Grid, ticks and names of a chart whose x and y axes span the plot.
std::string svg_axes(const Axis& x, const AxisText& x_text, const Axis& y, const AxisText& y_text,
                     int x_ticks, int y_ticks);

// Tick labels with the digits that tell neighbours apart.
std::string tick_number(double value);

}  // namespace frugal

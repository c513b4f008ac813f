#include "frugal/shrink/chart_axis.h"

#include <algorithm>

namespace frugal {

std::vector<double> axis_ticks(const Axis& axis, int wanted) {
  std::vector<double> ticks;
  if (axis.logarithmic) {
    const double first = std::pow(10, std::floor(std::log10(axis.low)));
    const bool many = std::log10(axis.high / axis.low) > 4;
    for (double power = first; power <= axis.high; power *= 10)
      for (const double factor : {1.0, 2.0, 5.0})
        if (const double tick = factor * power;
            tick >= axis.low && tick <= axis.high && (!many || factor == 1.0))
          ticks.push_back(tick);
    return ticks;
  }
  const double rough = (axis.high - axis.low) / std::max(1, wanted);
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {5.0, 2.0, 1.0})
    if (factor * power >= rough * 0.999) step = factor * power;
  // Whole multiples, so that rounding does not pile up; 1e-9 forgives it at the ends.
  const auto first = std::llround(std::ceil(axis.low / step - 1e-9));
  const auto last = std::llround(std::floor(axis.high / step + 1e-9));
  for (auto i = first; i <= last; ++i) ticks.push_back(static_cast<double>(i) * step);
  return ticks;
}

Axis padded_axis(double low, double high, double share, bool logarithmic) {
  Axis axis{low, high, 0, 1, logarithmic};
  if (logarithmic) {
    const double factor = std::max(std::pow(high / low, share), 1.2);
    axis.low = low / factor;
    axis.high = high * factor;
  } else {
    const double room = high > low ? (high - low) * share : std::max(std::abs(high), 1.0) * 0.1;
    axis.low = low - room;
    axis.high = high + room;
  }
  return axis;
}

}  // namespace frugal

// Axes of charts: where values lie on the page, and which round values get a tick.
#pragma once

#include <cmath>
#include <string>
#include <vector>

namespace frugal {

// Maps [low, high] to [from, to] pixels; logarithmic axes need low > 0.
struct Axis {
  double low = 0, high = 1;
  double from = 0, to = 1;
  bool logarithmic = false;

  double at(double value) const {
    const double share =
        logarithmic ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
    return from + share * (to - from);
  }
};

// Round values in [low, high]: steps of 1, 2 or 5 times a power of ten, about `wanted` of them; on a
// logarithmic axis 1, 2, 5, 10, 20, ... (powers of ten only where that would be more than 12).
std::vector<double> axis_ticks(const Axis& axis, int wanted);

// Widens a range of values by `share` on both sides, so that nothing lies on the border; equal ends get room.
Axis padded_axis(double low, double high, double share, bool logarithmic);

}  // namespace frugal

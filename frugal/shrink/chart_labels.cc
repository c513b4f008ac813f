#include "frugal/shrink/chart_labels.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace frugal {
namespace {

constexpr double kPointRadius = 8;

double shared_area(const Box& a, const Box& b) {
  if (!a.overlaps(b)) return 0;
  return (std::min(a.right, b.right) - std::max(a.left, b.left)) *
         (std::min(a.bottom, b.bottom) - std::max(a.top, b.top));
}

double outside(const Box& box, const Box& area) {
  return std::max(0.0, area.left - box.left) + std::max(0.0, box.right - area.right) +
         std::max(0.0, area.top - box.top) + std::max(0.0, box.bottom - area.bottom);
}

struct Shift {
  double x, y;    // of the text's middle left, middle or right end from the point
  double anchor;  // 0: the text starts there, 0.5: centred, 1: it ends there
};

// Right, left, above, below; then the diagonals; then the same farther off.
std::vector<Shift> shifts(double size) {
  std::vector<Shift> all;
  for (const double reach : {1.0, 2.2, 3.6, 5.2}) {
    const double side = 10 * (reach < 2 ? 1 : reach), up = size * 1.05 * reach;
    if (reach < 2) all.insert(all.end(), {{side, 0, 0}, {-side, 0, 1}});
    all.insert(all.end(),
               {{0, -up, 0.5}, {0, up, 0.5}, {side, -up, 0}, {side, up, 0}, {-side, -up, 1}, {-side, up, 1}});
  }
  return all;
}

}  // namespace

double text_width(const std::string& text, double size) {
  const auto starts = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
  return 0.56 * size * static_cast<double>(std::count_if(text.begin(), text.end(), starts));
}

std::vector<LabelPlace> place_labels(const std::vector<LabelPoint>& points, const Box& area, double size,
                                     const std::vector<Box>& drawn) {
  std::vector<Box> taken = drawn;
  for (const LabelPoint& point : points)
    taken.push_back(
        {point.x - kPointRadius, point.y - kPointRadius, point.x + kPointRadius, point.y + kPointRadius});
  std::vector<LabelPlace> places;
  const std::vector<Shift> tried = shifts(size);
  for (const LabelPoint& point : points) {
    const double width = text_width(point.text, size);
    double least = std::numeric_limits<double>::infinity();
    Box best;
    LabelPlace place;
    for (size_t i = 0; i < tried.size() && least > 0; ++i) {
      const double left = point.x + tried[i].x - tried[i].anchor * width, middle = point.y + tried[i].y;
      const Box box{left, middle - size * 0.6, left + width, middle + size * 0.6};
      double cost = 1000 * outside(box, area);
      for (const Box& other : taken) cost += shared_area(box, other);
      if (cost >= least) continue;
      least = cost;
      best = box;
      place = {left, middle + size * 0.35, std::abs(tried[i].y) > size * 1.5};
    }
    taken.push_back(best);
    places.push_back(place);
  }
  return places;
}

}  // namespace frugal

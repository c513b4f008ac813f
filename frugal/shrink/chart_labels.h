// Places for the names of points, so that they overlap neither each other nor a point.
#pragma once

#include <string>
#include <vector>

namespace frugal {

struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;
  bool overlaps(const Box& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
};

struct LabelPlace {
  double x = 0, y = 0;  // left end of the text's base line
  bool leader = false;  // far enough from its point to need a line to it
};

struct LabelPoint {
  double x = 0, y = 0;
  std::string text;
};

double text_width(const std::string& text, double size);  // estimated: 0.56 of the size a character

// Tries places around each point, near ones first, inside `area`; where all are taken, the one that overlaps
// least. Points are served in the order given, so the important ones first. `size` is the letters' height,
// `drawn` what else to keep clear of: lines as thin boxes.
std::vector<LabelPlace> place_labels(const std::vector<LabelPoint>& points, const Box& area, double size,
                                     const std::vector<Box>& drawn = {});

}  // namespace frugal

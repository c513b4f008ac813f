// Which classes a model takes for which.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "frugal/shrink/report.h"

namespace frugal {

struct ConfusedPair {
  int32_t truth = 0, predicted = 0;
  int64_t count = 0;  // rows of `truth` that were taken for `predicted`
  int64_t rows = 0;   // rows of `truth` in all
};

// Wrong answers only, the most frequent first, then the larger share of the class; at most `most` of them.
std::vector<ConfusedPair> most_confused(const Answers& answers, size_t most);

// Up to this many classes the report shows the whole matrix.
constexpr size_t kMatrixClasses = 12;
// Rows are the truth: [classes * classes] counts. Only for few classes.
std::vector<int64_t> confusion_matrix(const Answers& answers);

}  // namespace frugal

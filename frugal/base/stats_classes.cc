// The part of stats.h that counts classes.
#include <cassert>
#include <cmath>

#include "frugal/base/stats.h"

namespace frugal {
namespace {

struct ClassCounts {
  std::vector<double> truth, predicted, both;  // rows of each class
};

ClassCounts count(std::span<const int32_t> truth, std::span<const int32_t> predicted, int32_t classes) {
  assert(truth.size() == predicted.size());
  const auto size = static_cast<size_t>(classes);
  ClassCounts counts{std::vector<double>(size), std::vector<double>(size), std::vector<double>(size)};
  for (size_t i = 0; i < truth.size(); ++i) {
    assert(truth[i] >= 0 && truth[i] < classes && predicted[i] >= 0 && predicted[i] < classes);
    ++counts.truth[static_cast<size_t>(truth[i])];
    ++counts.predicted[static_cast<size_t>(predicted[i])];
    if (truth[i] == predicted[i]) ++counts.both[static_cast<size_t>(truth[i])];
  }
  return counts;
}

}  // namespace

double f1_of_class(std::span<const int32_t> truth, std::span<const int32_t> predicted, int32_t one) {
  assert(truth.size() == predicted.size());
  double both = 0, sum = 0;
  for (size_t i = 0; i < truth.size(); ++i) {
    both += truth[i] == one && predicted[i] == one;
    sum += (truth[i] == one) + (predicted[i] == one);
  }
  return sum == 0 ? 0 : 2 * both / sum;
}

double f1_macro(std::span<const int32_t> truth, std::span<const int32_t> predicted, int32_t classes) {
  const ClassCounts counts = count(truth, predicted, classes);
  double total = 0, present = 0;
  for (size_t c = 0; c < counts.truth.size(); ++c) {
    const double sum = counts.truth[c] + counts.predicted[c];
    if (sum == 0) continue;
    total += 2 * counts.both[c] / sum;
    ++present;
  }
  return present == 0 ? 0 : total / present;
}

double matthews(std::span<const int32_t> truth, std::span<const int32_t> predicted, int32_t classes) {
  const ClassCounts counts = count(truth, predicted, classes);
  const auto rows = static_cast<double>(truth.size());
  double right = 0, product = 0, truth_squared = 0, predicted_squared = 0;
  for (size_t c = 0; c < counts.truth.size(); ++c) {
    right += counts.both[c];
    product += counts.truth[c] * counts.predicted[c];
    truth_squared += counts.truth[c] * counts.truth[c];
    predicted_squared += counts.predicted[c] * counts.predicted[c];
  }
  const double spread_truth = rows * rows - truth_squared;
  const double spread_predicted = rows * rows - predicted_squared;
  if (spread_truth == 0 || spread_predicted == 0) return 0;
  return (right * rows - product) / std::sqrt(spread_truth) / std::sqrt(spread_predicted);
}

}  // namespace frugal

#include "frugal/shrink/report_confusion.h"

#include <algorithm>
#include <cassert>
#include <map>
#include <tuple>

namespace frugal {

std::vector<ConfusedPair> most_confused(const Answers& answers, size_t most) {
  assert(answers.truth.size() == answers.predicted.size());
  std::map<int32_t, int64_t> rows;
  std::map<std::pair<int32_t, int32_t>, int64_t> counts;
  for (size_t i = 0; i < answers.truth.size(); ++i) {
    ++rows[answers.truth[i]];
    if (answers.truth[i] != answers.predicted[i]) ++counts[{answers.truth[i], answers.predicted[i]}];
  }
  std::vector<ConfusedPair> pairs;
  for (const auto& [pair, count] : counts)
    pairs.push_back({pair.first, pair.second, count, rows[pair.first]});
  // Of equal counts the smaller class is the worse confused; then by index, so that the order is one.
  std::sort(pairs.begin(), pairs.end(), [](const ConfusedPair& a, const ConfusedPair& b) {
    return std::tie(b.count, a.rows, a.truth, a.predicted) < std::tie(a.count, b.rows, b.truth, b.predicted);
  });
  if (pairs.size() > most) pairs.resize(most);
  return pairs;
}

std::vector<int64_t> confusion_matrix(const Answers& answers) {
  const size_t classes = answers.names.size();
  assert(classes <= kMatrixClasses && answers.truth.size() == answers.predicted.size());
  std::vector<int64_t> matrix(classes * classes);
  for (size_t i = 0; i < answers.truth.size(); ++i)
    ++matrix[static_cast<size_t>(answers.truth[i]) * classes + static_cast<size_t>(answers.predicted[i])];
  return matrix;
}

}  // namespace frugal

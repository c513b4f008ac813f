#include "frugal/data/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

#include "frugal/base/error.h"
#include "frugal/base/random.h"

namespace frugal {
namespace {

// The rows of each class; all rows as one class for regression.
std::vector<std::vector<int64_t>> rows_by_class(const Targets& targets) {
  std::vector<std::vector<int64_t>> rows;
  for (int64_t row = 0; row < targets.size(); ++row) {
    const size_t one =
        targets.classes.empty() ? 0 : static_cast<size_t>(targets.classes[static_cast<size_t>(row)]);
    if (one >= rows.size()) rows.resize(one + 1);
    rows[one].push_back(row);
  }
  return rows;
}

// How many rows of each class go to validation: the whole part of its share, then one more where the rest is
// largest (the lower class first among equals) until `wanted` is reached.
std::vector<int64_t> quotas(const std::vector<std::vector<int64_t>>& rows, double fraction, int64_t wanted) {
  std::vector<int64_t> quota(rows.size());
  std::vector<double> rest(rows.size());
  for (size_t c = 0; c < rows.size(); ++c) {
    const double share = fraction * static_cast<double>(rows[c].size());
    quota[c] = std::max(int64_t{0}, std::min(static_cast<int64_t>(share), std::ssize(rows[c]) - 1));
    rest[c] = share - static_cast<double>(quota[c]);
  }
  std::vector<size_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rest[a] > rest[b]; });
  int64_t missing = wanted - std::accumulate(quota.begin(), quota.end(), int64_t{0});
  for (const size_t c : order) {
    if (missing <= 0) break;
    if (quota[c] + 1 >= static_cast<int64_t>(rows[c].size())) continue;
    ++quota[c];
    --missing;
  }
  return quota;
}

}  // namespace

DataSplit stratified_split(const Targets& targets, double fraction, uint64_t seed) {
  if (!(fraction > 0 && fraction < 1))
    throw UsageError(fmt::format("the validation part must be between 0 and 1, got {}", fraction));
  const auto rows = rows_by_class(targets);
  const auto wanted = std::llround(fraction * static_cast<double>(targets.size()));
  const std::vector<int64_t> quota = quotas(rows, fraction, wanted);
  DataSplit split;
  for (size_t c = 0; c < rows.size(); ++c) {
    const auto order = random_permutation(static_cast<int64_t>(rows[c].size()),
                                          Random(seed, hash_of("validation split") + c));
    for (size_t i = 0; i < order.size(); ++i) {
      auto& part = static_cast<int64_t>(i) < quota[c] ? split.validation : split.training;
      part.push_back(rows[c][static_cast<size_t>(order[i])]);
    }
  }
  std::sort(split.training.begin(), split.training.end());
  std::sort(split.validation.begin(), split.validation.end());
  if (split.training.empty() || split.validation.empty())
    throw Error(
        "",
        fmt::format("{} rows are too few to put {:g} of them aside for validation", targets.size(), fraction),
        "give more rows, or another validation file");
  return split;
}

}  // namespace frugal

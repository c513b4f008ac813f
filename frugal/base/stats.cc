#include "frugal/base/stats.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>

#include "frugal/base/random.h"

namespace frugal {
namespace {

constexpr double kNormal95 = 1.959963984540054;  // two-sided
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Estimate interval_of(double value, const std::vector<double>& draws) {
  if (draws.empty() || !std::isfinite(value)) return {kNaN, kNaN, kNaN};
  return {value, percentile(draws, 0.025), percentile(draws, 0.975)};
}

}  // namespace

Estimate accuracy_of(int64_t right, int64_t rows) {
  assert(rows > 0 && right >= 0 && right <= rows);
  const double n = static_cast<double>(rows), p = static_cast<double>(right) / n;
  const double z2 = kNormal95 * kNormal95;
  const double center = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double reach = kNormal95 / (1 + z2 / n) * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  // At 0 and 1 one end equals p but for rounding.
  return {p, std::min(p, std::max(0.0, center - reach)), std::max(p, std::min(1.0, center + reach))};
}

Estimate share_of(std::span<const uint8_t> teacher_right, std::span<const uint8_t> student_right,
                  uint64_t seed, int resamples) {
  assert(teacher_right.size() == student_right.size());
  const uint64_t rows = teacher_right.size();
  const auto ones = [](std::span<const uint8_t> right) {
    return std::accumulate(right.begin(), right.end(), 0.0);
  };
  const double teacher = ones(teacher_right);
  if (teacher == 0) return {kNaN, kNaN, kNaN};
  std::vector<double> draws;
  Random random(seed, "share of teacher");
  for (int draw = 0; draw < resamples; ++draw) {
    int64_t teacher_sum = 0, student_sum = 0;
    for (uint64_t i = 0; i < rows; ++i) {
      const uint64_t row = random.below(rows);
      teacher_sum += teacher_right[row];
      student_sum += student_right[row];
    }
    if (teacher_sum > 0) draws.push_back(static_cast<double>(student_sum) / static_cast<double>(teacher_sum));
  }
  return interval_of(ones(student_right) / teacher, draws);
}

Estimate share_of(int64_t rows, const RowMetric& teacher, const RowMetric& student, uint64_t seed,
                  int resamples) {
  std::vector<int64_t> chosen(static_cast<size_t>(rows));
  std::iota(chosen.begin(), chosen.end(), 0);
  const double share = student(chosen) / teacher(chosen);
  std::vector<double> draws;
  Random random(seed, "share of teacher");
  for (int draw = 0; draw < resamples; ++draw) {
    for (int64_t& row : chosen) row = static_cast<int64_t>(random.below(static_cast<uint64_t>(rows)));
    const double ratio = student(chosen) / teacher(chosen);
    if (std::isfinite(ratio)) draws.push_back(ratio);
  }
  return interval_of(share, draws);
}

double mean(std::span<const double> values) {
  assert(!values.empty());
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double percentile(std::span<const double> values, double share) {
  assert(!values.empty() && share >= 0 && share <= 1);
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const double rank = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(rank);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (rank - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

double median(std::span<const double> values) { return percentile(values, 0.5); }

double pearson(std::span<const double> a, std::span<const double> b) {
  assert(a.size() == b.size() && !a.empty());
  const double mean_a = mean(a), mean_b = mean(b);
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  if (aa == 0 || bb == 0) return 0;
  return std::clamp(ab / (std::sqrt(aa) * std::sqrt(bb)), -1.0, 1.0);
}

std::vector<double> average_ranks(std::span<const double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (size_t first = 0; first < order.size();) {
    size_t end = first + 1;
    while (end < order.size() && values[order[end]] == values[order[first]]) ++end;
    for (size_t i = first; i < end; ++i) ranks[order[i]] = static_cast<double>(first + end + 1) / 2;
    first = end;
  }
  return ranks;
}

double spearman(std::span<const double> a, std::span<const double> b) {
  return pearson(average_ranks(a), average_ranks(b));
}

}  // namespace frugal

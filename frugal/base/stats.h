// Statistics of measurements and predictions: how good, and how sure.
//
// Intervals have 95 % coverage. Functions are pure; sizes that do not match are our bug (assert).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace frugal {

struct Estimate {
  double value = 0, low = 0, high = 0;
};

// right / rows with Wilson's score interval (Wilson 1927), which holds near 0 and 1 and in small samples.
// rows >= 1.
Estimate accuracy_of(int64_t right, int64_t rows);

// A student's accuracy over its teacher's, on the same rows: 1 where row i was answered right, else 0. The
// interval is a paired percentile bootstrap (Efron 1979) of `resamples` draws, a pure function of the seed.
// Rows on which both agree say nothing about the ratio, so the interval is far narrower than two separate
// ones; with no row apart it is a point, which for small samples is too sure. All NaN when the teacher has
// no row right. 40 ms for 2,000 resamples of 1,000 rows.
Estimate share_of(std::span<const uint8_t> teacher_right, std::span<const uint8_t> student_right,
                  uint64_t seed, int resamples = 2000);

// The same for any metric of a list of row numbers (rows repeat): what regression uses with spearman().
using RowMetric = std::function<double(std::span<const int64_t> rows)>;
Estimate share_of(int64_t rows, const RowMetric& teacher, const RowMetric& student, uint64_t seed,
                  int resamples = 2000);

double mean(std::span<const double> values);
// Linear between the two nearest ranks; share in [0, 1]. At least one value.
double percentile(std::span<const double> values, double share);
double median(std::span<const double> values);

// In [-1, 1]; 0 when either side does not vary. Spearman gives equal values their average rank.
double pearson(std::span<const double> a, std::span<const double> b);
double spearman(std::span<const double> a, std::span<const double> b);
std::vector<double> average_ranks(std::span<const double> values);  // from 1

// Classes are 0 .. classes-1.
double f1_of_class(std::span<const int32_t> truth, std::span<const int32_t> predicted, int32_t one);
// Mean of f1_of_class over the classes that occur in truth or predictions.
double f1_macro(std::span<const int32_t> truth, std::span<const int32_t> predicted, int32_t classes);
// Matthews' correlation, for many classes by Gorodkin (2004); 0 when one side is constant.
double matthews(std::span<const int32_t> truth, std::span<const int32_t> predicted, int32_t classes);

}  // namespace frugal

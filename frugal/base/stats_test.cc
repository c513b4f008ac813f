#include "frugal/base/stats.h"

#include <gtest/gtest.h>

#include <cmath>

namespace frugal {
namespace {

// Expected values: scipy 1.x (binomtest, pearsonr, spearmanr, percentile) and scikit-learn (f1_score,
// matthews_corrcoef); the bootstrap's from 20,000 resamples by numpy.

TEST(Stats, WilsonInterval) {
  const Estimate many = accuracy_of(2850, 3080);
  EXPECT_DOUBLE_EQ(many.value, 2850.0 / 3080);
  EXPECT_NEAR(many.low, 0.9155021001160261, 1e-12);
  EXPECT_NEAR(many.high, 0.9340876193898288, 1e-12);
  EXPECT_EQ(accuracy_of(0, 10).low, 0);
  EXPECT_NEAR(accuracy_of(0, 10).high, 0.27753279986288926, 1e-12);
  EXPECT_NEAR(accuracy_of(10, 10).low, 0.7224672001371109, 1e-12);
  EXPECT_EQ(accuracy_of(10, 10).high, 1);
  EXPECT_NEAR(accuracy_of(1, 1).low, 0.20654931437723745, 1e-12);
}

// 1,000 rows: both right 915, only the teacher 15, only the student 10, neither 60.
TEST(Stats, ShareOfTeacherIsPaired) {
  std::vector<uint8_t> teacher(1000), student(1000);
  for (size_t i = 0; i < 930; ++i) teacher[i] = 1;
  for (size_t i = 0; i < 915; ++i) student[i] = 1;
  for (size_t i = 930; i < 940; ++i) student[i] = 1;
  const Estimate share = share_of(teacher, student, 0);
  EXPECT_DOUBLE_EQ(share.value, 925.0 / 930);
  EXPECT_NEAR(share.low, 0.98396, 0.0015);
  EXPECT_NEAR(share.high, 1.00536, 0.0015);
  EXPECT_EQ(share_of(teacher, student, 0).low, share.low);
  EXPECT_NE(share_of(teacher, student, 1).low, share.low);

  const Estimate same = share_of(teacher, teacher, 0);
  EXPECT_EQ(same.low, 1);
  EXPECT_EQ(same.high, 1);
  const std::vector<uint8_t> none(1000);
  EXPECT_TRUE(std::isnan(share_of(none, student, 0).value));
  EXPECT_EQ(share_of(teacher, none, 0).high, 0);

  // The general form draws the same rows.
  const auto rows_right = [](const std::vector<uint8_t>& right) {
    return [&right](std::span<const int64_t> rows) {
      double sum = 0;
      for (int64_t row : rows) sum += right[static_cast<size_t>(row)];
      return sum;
    };
  };
  const Estimate general = share_of(1000, rows_right(teacher), rows_right(student), 0);
  EXPECT_EQ(general.value, share.value);
  EXPECT_EQ(general.low, share.low);
  EXPECT_EQ(general.high, share.high);
}

TEST(Stats, Summaries) {
  const std::vector<double> values = {8, 1, 4, 2};
  EXPECT_EQ(mean(values), 3.75);
  EXPECT_EQ(median(values), 3);
  EXPECT_EQ(percentile(values, 0), 1);
  EXPECT_EQ(percentile(values, 0.25), 1.75);
  EXPECT_EQ(percentile(values, 1), 8);
  EXPECT_EQ(median(std::vector<double>{7}), 7);
}

TEST(Stats, Correlations) {
  const std::vector<double> a = {1, 2, 2, 4, 5, 9.5}, b = {2, 1, 4, 4, 8, 7};
  EXPECT_NEAR(pearson(a, b), 0.7700082501325916, 1e-14);
  EXPECT_NEAR(spearman(a, b), 0.8088235294117647, 1e-14);
  EXPECT_EQ(average_ranks(a), (std::vector<double>{1, 2.5, 2.5, 4, 5, 6}));
  EXPECT_EQ(pearson(a, std::vector<double>(6, 3.0)), 0);
  EXPECT_EQ(spearman(a, a), 1);
}

TEST(Stats, ClassMetrics) {
  const std::vector<int32_t> truth = {0, 0, 1, 1, 2, 2, 2, 0, 1}, predicted = {0, 1, 1, 1, 2, 0, 2, 1, 0};
  EXPECT_NEAR(f1_macro(truth, predicted, 3), 0.5682539682539682, 1e-14);
  EXPECT_NEAR(f1_macro(truth, predicted, 5), 0.5682539682539682, 1e-14);  // absent classes do not count
  EXPECT_NEAR(f1_of_class(truth, predicted, 0), 0.3333333333333333, 1e-14);
  EXPECT_NEAR(matthews(truth, predicted, 3), 0.3396831102433787, 1e-14);
  EXPECT_EQ(matthews(truth, std::vector<int32_t>(9), 3), 0);
  EXPECT_NEAR(matthews(truth, truth, 3), 1, 1e-14);
}

}  // namespace
}  // namespace frugal

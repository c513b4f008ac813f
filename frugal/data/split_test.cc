#include "frugal/data/split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "frugal/io/testing.h"

namespace frugal {
namespace {

Targets classes(std::vector<int32_t> list) { return {std::move(list), {}}; }

Targets uneven() {  // 100, 35, 5, 1 rows of the classes 0 .. 3, mixed
  std::vector<int32_t> list;
  const int counts[] = {100, 35, 5, 1};
  for (int i = 0; i < 100; ++i)
    for (int c = 0; c < 4; ++c)
      if (i < counts[c]) list.push_back(c);
  return classes(list);
}

TEST(Split, KeepsTheSharesAndEveryClass) {
  const Targets targets = uneven();
  const DataSplit split = stratified_split(targets, 0.1, 7);
  std::map<int32_t, int> validation;
  for (int64_t row : split.validation) ++validation[targets.classes[static_cast<size_t>(row)]];
  // 141 rows: 14 wanted. 10 + 3.5 + 0.5 + 0.1: ten, three and one more for the largest rest of the lower
  // class.
  EXPECT_EQ(validation, (std::map<int32_t, int>{{0, 10}, {1, 4}}));
  std::vector<int64_t> all = split.training;
  all.insert(all.end(), split.validation.begin(), split.validation.end());
  std::sort(all.begin(), all.end());
  for (int64_t i = 0; i < 141; ++i) EXPECT_EQ(all[static_cast<size_t>(i)], i);
  EXPECT_TRUE(std::is_sorted(split.training.begin(), split.training.end()));
  EXPECT_TRUE(std::is_sorted(split.validation.begin(), split.validation.end()));
}

TEST(Split, NeverTakesTheLastRowOfAClass) {
  const Targets targets = uneven();
  for (const double fraction : {0.5, 0.9, 0.999999, 1 - 1e-16}) {
    std::map<int32_t, int> training;
    for (int64_t row : stratified_split(targets, fraction, 0).training)
      ++training[targets.classes[static_cast<size_t>(row)]];
    EXPECT_EQ(training.size(), 4u) << fraction;
  }
}

TEST(Split, DependsOnTheSeedOnly) {
  const Targets targets = uneven();
  EXPECT_EQ(stratified_split(targets, 0.2, 1).validation, stratified_split(targets, 0.2, 1).validation);
  EXPECT_NE(stratified_split(targets, 0.2, 1).validation, stratified_split(targets, 0.2, 2).validation);
}

TEST(Split, Regression) {
  const Targets targets{{}, std::vector<float>(50, 0.5f)};
  EXPECT_EQ(stratified_split(targets, 0.1, 0).validation.size(), 5u);
}

TEST(Split, RefusesWhatCannotBeSplit) {
  EXPECT_ERROR(stratified_split(classes({0, 1}), 0.5, 0), "2 rows are too few");
  EXPECT_ERROR(stratified_split({}, 0.5, 0), "0 rows are too few");
  EXPECT_ERROR(stratified_split(uneven(), 0, 0), "between 0 and 1, got 0");
  EXPECT_ERROR(stratified_split(uneven(), 97, 0), "got 97");
}

}  // namespace
}  // namespace frugal

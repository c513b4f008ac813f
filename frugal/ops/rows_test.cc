// The small operations on rows against values worked out by hand.
#include <gtest/gtest.h>

#include <cmath>

#include "frugal/ops/column.h"
#include "frugal/ops/gather_rows.h"
#include "frugal/ops/l2_normalize.h"
#include "frugal/ops/reshape.h"
#include "frugal/ops/scale.h"
#include "frugal/ops/segment_mean.h"
#include "frugal/ops/sum_rows.h"
#include "frugal/ops/testing.h"

namespace frugal {
namespace {

using testing::compute;
using testing::floats;
using testing::ints;

void expect_floats(const Tensor& actual, const std::vector<float>& expected) {
  const auto data = actual.data<float>();
  EXPECT_EQ(std::vector<float>(data.begin(), data.end()), expected);
}

TEST(GatherRows, TakesAndGivesBack) {
  const Tensor x = floats({3, 2}, {1, 2, 3, 4, 5, 6}), index = ints({2, -1, 2, 0});
  expect_floats(
      compute([](const auto& in) { return gather_rows(in[0], in[1], in[2]); }, {x, index, ints({0, 4})})[0],
      {5, 6, 0, 0, 5, 6, 1, 2});
  const Tensor dy = floats({4, 2}, {1, 2, 10, 20, 100, 200, 1000, 2000});
  expect_floats(compute([](const auto& in) { return scatter_rows(in[0], in[1], 3); }, {dy, index})[0],
                {1000, 2000, 0, 0, 101, 202});
}

TEST(SegmentMean, AveragesItsRows) {
  const Tensor x = floats({5, 2}, {9, 9, 1, 2, 3, 4, 5, 6, NAN, NAN});
  expect_floats(
      compute([](const auto& in) { return segment_mean(in[0], in[1]); }, {x, ints({1, 3, 3, 4})})[0],
      {2, 3, 0, 0, 5, 6});
  const Tensor dy = floats({3, 2}, {1, 2, 7, 7, 5, 6});
  expect_floats(compute(
                    [](const auto& in) {
                      return in[0].graph->template add<SegmentMeanGrad>({in[0], in[1]}, int64_t{5});
                    },
                    {dy, ints({1, 3, 3, 4})})[0],
                {0, 0, 0.5f, 1, 0.5f, 1, 5, 6, 0, 0});
}

TEST(L2Normalize, GivesUnitRowsAndSurvivesZero) {
  expect_floats(
      compute([](const auto& in) { return l2_normalize(in[0]); }, {floats({2, 2}, {3, 4, 0, 0})})[0],
      {0.6f, 0.8f, 0, 0});
}

TEST(Column, ReadsOne) {
  expect_floats(
      compute([](const auto& in) { return column(in[0], 1); }, {floats({2, 3}, {1, 2, 3, 4, 5, 6})})[0],
      {2, 5});
  Graph graph;
  EXPECT_ANY_THROW(column(graph.input("x", f32({2, 3})), 3));
}

TEST(Scale, AndWeightedSum) {
  const Tensor a = floats({3}, {1, 2, 3}), b = floats({3}, {10, 20, 30});
  expect_floats(compute([](const auto& in) { return scale(in[0], -2); }, {a})[0], {-2, -4, -6});
  expect_floats(compute([](const auto& in) { return weighted_sum(in[0], 2, in[1], 0.5f); }, {a, b})[0],
                {7, 14, 21});
}

TEST(Reshape, KeepsTheElements) {
  expect_floats(compute(
                    [](const auto& in) {
                      return scale(reshape(in[0], {3, 2}), 2);
                    },
                    {floats({2, 3}, {1, 2, 3, 4, 5, 6})})[0],
                {2, 4, 6, 8, 10, 12});
  Graph graph;
  EXPECT_ANY_THROW(reshape(graph.input("x", f32({2, 3})), {5}));
}

// The order of the sum: blocks of 64 rows.
TEST(SumRows, AddsBlocksInOrder) {
  Random random(1, "sum_rows");
  const Tensor x = testing::normal({200, 9}, random);
  std::vector<float> expected(9);
  for (int64_t block = 0; block < 200; block += 64) {
    std::vector<float> sum(9);
    for (int64_t t = block; t < std::min<int64_t>(200, block + 64); ++t)
      for (int64_t j = 0; j < 9; ++j) sum[j] += x.data<float>()[t * 9 + j];
    for (int64_t j = 0; j < 9; ++j) expected[j] += sum[j];
  }
  expect_floats(compute([](const auto& in) { return sum_rows(in[0]); }, {x})[0], expected);
}

}  // namespace
}  // namespace frugal

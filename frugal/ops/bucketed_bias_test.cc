// bucketed_bias against T5's own buckets, and its gradient against a sum in double.
#include "frugal/ops/bucketed_bias.h"

#include <gtest/gtest.h>

#include "frugal/base/error.h"
#include "frugal/ops/testing.h"

namespace frugal {
namespace {

// Where each run of one bucket begins, from the lowest distance on: all distances' buckets as Transformers
// 5.23 computes them (T5Attention._relative_position_bucket). The runs at -128 -> 15 and 91 -> 31 go on to
// infinity.
struct Reference {
  DistanceBuckets buckets;
  std::vector<std::pair<int64_t, int64_t>> runs;
};
const std::vector<Reference> kReferences{
    {{32, true, 128}, {{-128, 15}, {-90, 14}, {-63, 13}, {-45, 12}, {-31, 11}, {-22, 10}, {-15, 9}, {-11, 8},
                       {-7, 7},    {-6, 6},   {-5, 5},   {-4, 4},   {-3, 3},   {-2, 2},   {-1, 1},  {0, 0},
                       {1, 17},    {2, 18},   {3, 19},   {4, 20},   {5, 21},   {6, 22},   {7, 23},  {8, 24},
                       {12, 25},   {16, 26},  {23, 27},  {32, 28},  {46, 29},  {64, 30},  {91, 31}}},
    {{32, false, 128},
     {{-128, 31}, {-112, 30}, {-98, 29}, {-86, 28}, {-76, 27}, {-66, 26}, {-58, 25}, {-51, 24},
      {-45, 23},  {-39, 22},  {-34, 21}, {-30, 20}, {-26, 19}, {-23, 18}, {-20, 17}, {-18, 16},
      {-15, 15},  {-14, 14},  {-13, 13}, {-12, 12}, {-11, 11}, {-10, 10}, {-9, 9},   {-8, 8},
      {-7, 7},    {-6, 6},    {-5, 5},   {-4, 4},   {-3, 3},   {-2, 2},   {-1, 1},   {0, 0}}},
    {{64, true, 256},
     {{-256, 31}, {-215, 30}, {-181, 29}, {-152, 28}, {-127, 27}, {-107, 26}, {-90, 25}, {-76, 24},
      {-63, 23},  {-53, 22},  {-45, 21},  {-38, 20},  {-31, 19},  {-26, 18},  {-22, 17}, {-19, 16},
      {-15, 15},  {-14, 14},  {-13, 13},  {-12, 12},  {-11, 11},  {-10, 10},  {-9, 9},   {-8, 8},
      {-7, 7},    {-6, 6},    {-5, 5},    {-4, 4},    {-3, 3},    {-2, 2},    {-1, 1},   {0, 0},
      {1, 33},    {2, 34},    {3, 35},    {4, 36},    {5, 37},    {6, 38},    {7, 39},   {8, 40},
      {9, 41},    {10, 42},   {11, 43},   {12, 44},   {13, 45},   {14, 46},   {15, 47},  {16, 48},
      {20, 49},   {23, 50},   {27, 51},   {32, 52},   {39, 53},   {46, 54},   {54, 55},  {64, 56},
      {77, 57},   {91, 58},   {108, 59},  {128, 60},  {153, 61},  {182, 62},  {216, 63}}},
    {{8, true, 20}, {{-20, 3}, {-6, 2}, {-1, 1}, {0, 0}, {1, 5}, {2, 6}, {7, 7}}},
    {{16, false, 77},
     {{-77, 15},
      {-58, 14},
      {-43, 13},
      {-32, 12},
      {-24, 11},
      {-18, 10},
      {-14, 9},
      {-10, 8},
      {-7, 7},
      {-6, 6},
      {-5, 5},
      {-4, 4},
      {-3, 3},
      {-2, 2},
      {-1, 1},
      {0, 0}}},
    {{32, true, 100}, {{-100, 15}, {-72, 14}, {-53, 13}, {-38, 12}, {-28, 11}, {-20, 10}, {-15, 9}, {-10, 8},
                       {-7, 7},    {-6, 6},   {-5, 5},   {-4, 4},   {-3, 3},   {-2, 2},   {-1, 1},  {0, 0},
                       {1, 17},    {2, 18},   {3, 19},   {4, 20},   {5, 21},   {6, 22},   {7, 23},  {8, 24},
                       {11, 25},   {16, 26},  {21, 27},  {29, 28},  {39, 29},  {54, 30},  {73, 31}}},
    {{12, false, 1000},
     {{-1000, 11},
      {-426, 10},
      {-181, 9},
      {-77, 8},
      {-33, 7},
      {-14, 6},
      {-5, 5},
      {-4, 4},
      {-3, 3},
      {-2, 2},
      {-1, 1},
      {0, 0}}},
};

TEST(BucketedBias, PutsEveryDistanceWhereTheReferenceDoes) {
  for (const auto& [buckets, runs] : kReferences) {
    size_t run = 0;
    for (int64_t d = -buckets.max_distance; d <= buckets.max_distance; ++d) {
      if (run + 1 < runs.size() && runs[run + 1].first == d) ++run;
      ASSERT_EQ(bucket_of(d, buckets), runs[run].second) << "distance " << d << " of " << buckets.buckets;
    }
    EXPECT_EQ(run, runs.size() - 1);
    // Beyond the bound nothing changes, so cutting distances to it is exact.
    for (int64_t d : {buckets.max_distance, buckets.max_distance + 1, int64_t{100000}, int64_t{1} << 24})
      for (int sign : {-1, 1})
        EXPECT_EQ(bucket_of(sign * d, buckets), bucket_of(sign * buckets.max_distance, buckets));
  }
}

TEST(BucketedBias, SpreadsTheTableAndGathersItsGradient) {
  const DistanceBuckets buckets{8, true, 20};
  Random random(1, "bias");
  const Tensor table = testing::normal({8, 3}, random), dy = testing::normal({3, 41}, random);
  const Tensor bias =
      testing::compute([](const auto& in) { return bucketed_bias(in[0], true, 20); }, {table})[0];
  const Tensor gradient = testing::compute(
      [&](const auto& in) { return in[0].graph->template add<BucketedBiasGrad>({in[0]}, buckets); }, {dy})[0];
  std::vector<double> expected(24);
  for (int64_t h = 0; h < 3; ++h)
    for (int64_t d = -20; d <= 20; ++d) {
      const int64_t at = bucket_of(d, buckets) * 3 + h;
      EXPECT_EQ(bias.data<float>()[h * 41 + d + 20], table.data<float>()[at]);
      expected[at] += dy.data<float>()[h * 41 + d + 20];
    }
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(gradient.data<float>()[i], expected[i], 1e-5);
}

TEST(BucketedBias, RefusesBucketsThatDoNotFit) {
  Graph graph;
  const Value table = graph.input("table", f32({32, 4}));
  EXPECT_EQ(bucketed_bias(table, true, 128).shape(), Shape({4, 257}));
  EXPECT_THROW(bucketed_bias(table, true, 8), Error);  // all distances would have buckets of their own
  EXPECT_THROW(bucketed_bias(table, false, 16), Error);
  EXPECT_THROW(bucketed_bias(graph.input("two", f32({2, 4})), true, 128), Error);
  EXPECT_THROW(bucketed_bias(graph.input("line", f32({32})), true, 128), Error);
}

}  // namespace
}  // namespace frugal

#include "frugal/ops/segment_top.h"

#include <gtest/gtest.h>

#include <cmath>

#include "frugal/ops/testing.h"

namespace frugal {
namespace {

std::vector<int32_t> integers(const Tensor& tensor) {
  return {tensor.data<int32_t>().begin(), tensor.data<int32_t>().end()};
}

TEST(SegmentTop, SharesOutEachSequenceAndFindsItsLargest) {
  // Two columns; a sequence of 4 rows, one of 1, an empty one; the last row belongs to none.
  const Tensor x = testing::floats({6, 2}, {1, 5, 3, 5, 2, 4, 3, 6, 7, 7, 9, 9});
  const auto out =
      testing::compute([](const auto& in) { return segment_top(in[0], in[1], in[2], 3).shares; },
                       {x, testing::ints({0, 4, 5, 5}), testing::ints({10, 11, 13, 14, 20, 30})});
  const auto shares = out[0].data<float>(), largest = out[1].data<float>();
  double sum = 0;
  for (double v : {1, 3, 2, 3}) sum += std::exp(v);
  EXPECT_NEAR(shares[0], std::exp(1) / sum, 1e-6);
  EXPECT_NEAR(shares[2], std::exp(3) / sum, 1e-6);
  EXPECT_EQ(shares[8], 1);
  EXPECT_EQ(shares[10], 0);
  // Of equal ones the earlier comes first.
  EXPECT_EQ(integers(out[2]), (std::vector<int32_t>{11, 14, 14, 10, 13, 11,  //
                                                    20, 20, -1, -1, -1, -1,  //
                                                    -1, -1, -1, -1, -1, -1}));
  EXPECT_EQ(integers(out[3]), (std::vector<int32_t>{1, 3, 3, 0, 2, 1,      //
                                                    4, 4, -1, -1, -1, -1,  //
                                                    -1, -1, -1, -1, -1, -1}));
  EXPECT_EQ(largest[0], shares[2]);
  EXPECT_EQ(largest[1], shares[7]);
  EXPECT_EQ(largest[4], shares[4]);
  EXPECT_EQ(largest[8], 0);
}

TEST(SegmentTop, WeightedSumStaysInItsSequence) {
  const Tensor x = testing::floats({4, 2}, {1, 2, 3, 4, 5, 6, 7, 8}),
               w = testing::floats({4, 1}, {2, 1, 10, 100});
  const auto out = testing::compute([](const auto& in) { return segment_weighted_sum(in[0], in[1], in[2]); },
                                    {x, w, testing::ints({0, 2, 2, 3})});
  const auto sums = out[0].data<float>();
  EXPECT_EQ(std::vector<float>(sums.begin(), sums.end()), (std::vector<float>{5, 8, 0, 0, 50, 60}));
}

}  // namespace
}  // namespace frugal

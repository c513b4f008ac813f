// Routing and its losses against plain loops in double.
#include "frugal/ops/top1_route.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "frugal/ops/jitter.h"
#include "frugal/ops/router_loss.h"
#include "frugal/ops/testing.h"

namespace frugal {
namespace {

using testing::compute;
using testing::floats;
using testing::ints;

std::vector<int32_t> list(const Tensor& tensor) {
  return {tensor.data<int32_t>().begin(), tensor.data<int32_t>().end()};
}

std::vector<Tensor> route(const Tensor& logits, const Tensor& offsets, int64_t capacity) {
  return compute([=](const auto& in) { return top1_route(in[0], in[1], capacity).probability; },
                 {logits, offsets});
}

// Two sequences with a row before, between none, and one after; equal logits go to the first expert.
TEST(Top1Route, GivesPlacesInTheOrderOfEachSequence) {
  const Tensor logits = floats({8, 3}, {9, 9, 9,                             // no sequence
                                        0, 2, 1, 0, 2, 1, 3, 0, 0, 0, 2, 1,  // experts 1 1 0 1
                                        1, 1, 0, 0, 2, 1,                    // 0 (tie) 1
                                        9, 9, 9});                           // no sequence
  const auto out = route(logits, ints({1, 5, 7}), 2);
  EXPECT_EQ(list(out[1]), (std::vector<int32_t>{-1, 1, 1, 0, 1, 0, 1, -1}));
  EXPECT_EQ(list(out[2]), (std::vector<int32_t>{-1, 2, 3, 0, -1, 1, 4, -1}));  // row 4 overflows
  EXPECT_EQ(list(out[3]), (std::vector<int32_t>{3, 5, 1, 2, 6, -1, -1, -1}));
  EXPECT_EQ(list(out[4]), (std::vector<int32_t>{0, 2, 5, 5}));
  const auto p = out[0].data<float>();
  EXPECT_NEAR(p[1], std::exp(2) / (1 + std::exp(2) + std::exp(1)), 1e-6);
  EXPECT_NEAR(p[5], std::exp(1) / (2 * std::exp(1) + 1), 1e-6);
  EXPECT_EQ(p[0], 0);
  EXPECT_EQ(p[7], 0);
}

TEST(Top1Route, CapacityZeroSendsNobody) {
  Random random(1, "route");
  const auto out = route(testing::normal({20, 4}, random), ints({0, 20}), 0);
  EXPECT_EQ(list(out[2]), std::vector<int32_t>(20, -1));
  EXPECT_EQ(list(out[4]), std::vector<int32_t>(5, 0));
}

TEST(Top1Route, SurvivesNaN) {
  const auto out = route(floats({2, 2}, {NAN, NAN, 0, 1}), ints({0, 2}), 1);
  EXPECT_EQ(list(out[1]), (std::vector<int32_t>{0, 1}));
  EXPECT_TRUE(std::isnan(out[0].data<float>()[0]));
}

// The formulas of the header, written for one padding-free sequence after the other.
TEST(RouterLoss, MatchesTheFormulas) {
  Random random(2, "router loss");
  const int64_t rows = 23, experts = 5;
  const std::vector<int32_t> offsets{1, 8, 8, 21};  // the second sequence is empty
  const std::vector<Tensor> layers{testing::normal({rows, experts}, random, 2),
                                   testing::normal({rows, experts}, random, 2)};
  double balance = 0, squares = 0;
  for (size_t s : {0, 2}) {
    double share[5] = {}, mean[5] = {};
    const double count = 2.0 * (offsets[s + 1] - offsets[s]);
    for (const Tensor& layer : layers)
      for (int64_t t = offsets[s]; t < offsets[s + 1]; ++t) {
        const float* x = layer.data<float>().data() + t * experts;
        double sum = 0;
        for (int64_t e = 0; e < experts; ++e) sum += std::exp(x[e]);
        for (int64_t e = 0; e < experts; ++e) mean[e] += std::exp(x[e]) / sum / count;
        share[std::max_element(x, x + experts) - x] += 1 / count;
        squares += std::pow(std::log(sum), 2) / (2 * 20);
      }
    // mean over sequences and experts of f P, times E^2
    for (int64_t e = 0; e < experts; ++e) balance += share[e] * mean[e] / (2 * experts) * experts * experts;
  }
  const auto loss = [&](float a, float b) {
    return compute(
               [=](const auto& in) {
                 return router_loss({in[1], in[2]}, in[0], {a, b});
               },
               {ints(offsets), layers[0], layers[1]})[0]
        .data<float>()[0];
  };
  EXPECT_NEAR(loss(1, 0), balance, 1e-5);
  EXPECT_NEAR(loss(0, 1), squares, 1e-5);
  EXPECT_NEAR(loss(0.5f, 0.25f), 0.5 * balance + 0.25 * squares, 1e-5);
}

TEST(Jitter, IsEvenWithinItsBounds) {
  const int64_t n = 200'000;
  Tensor ones(DType::f32, {n});
  std::ranges::fill(ones.data<float>(), 1.0f);
  const auto draw = [&](int64_t step) {
    return compute([](const auto& in) { return jitter(in[0], in[1], 0.25f, 77); },
                   {ones, Tensor::of<int64_t>({2}, std::vector<int64_t>{5, step})})[0];
  };
  const Tensor a = draw(1), again = draw(1), b = draw(2);
  double mean = 0, square = 0;
  int64_t equal = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double x = a.data<float>()[i] - 1.0;
    ASSERT_LE(std::abs(x), 0.25);
    ASSERT_EQ(a.data<float>()[i], again.data<float>()[i]);
    equal += a.data<float>()[i] == b.data<float>()[i];
    mean += x / n;
    square += x * x / n;
  }
  EXPECT_NEAR(mean, 0, 0.0015);                  // 4 deviations of the mean
  EXPECT_NEAR(square, 0.25 * 0.25 / 3, 0.0003);  // the variance of an even distribution
  EXPECT_LT(equal, 10);
}

}  // namespace
}  // namespace frugal

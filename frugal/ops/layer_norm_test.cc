#include "frugal/ops/layer_norm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "frugal/ops/testing.h"

namespace frugal {
namespace {

std::vector<Tensor> normalized(const Tensor& x, const Tensor& gamma, const Tensor& beta, float eps) {
  return testing::compute([&](const auto& in) { return layer_norm(in[0], in[1], in[2], eps); },
                          {x, gamma, beta});
}

TEST(LayerNorm, MatchesTheDefinition) {
  Random random(1, "layer_norm");
  for (int64_t width : {1, 5, 16, 100, 384}) {
    const int64_t rows = 70;
    const Tensor x = testing::normal({rows, width}, random, 5), gamma = testing::normal({width}, random),
                 beta = testing::normal({width}, random);
    const auto y = normalized(x, gamma, beta, 1e-5f);
    for (int64_t t = 0; t < rows; ++t) {
      const float* row = x.data<float>().data() + t * width;
      double mean = 0, variance = 0;
      for (int64_t j = 0; j < width; ++j) mean += row[j] / static_cast<double>(width);
      for (int64_t j = 0; j < width; ++j)
        variance += (row[j] - mean) * (row[j] - mean) / static_cast<double>(width);
      const double rstd = 1 / std::sqrt(variance + 1e-5);
      EXPECT_NEAR(y[1].data<float>()[t], mean, 1e-5);
      EXPECT_NEAR(y[2].data<float>()[t], rstd, 1e-5 * rstd);
      for (int64_t j = 0; j < width; ++j)
        ASSERT_NEAR(y[0].data<float>()[t * width + j],
                    (row[j] - mean) * rstd * gamma.data<float>()[j] + beta.data<float>()[j], 2e-5)
            << width << ": " << t << ", " << j;
    }
  }
}

// A mean a thousand times the deviation: sum and sum of squares in one pass would give noise.
TEST(LayerNorm, KeepsDigitsBesideALargeMean) {
  Random random(2, "layer_norm");
  Tensor x = testing::normal({1, 384}, random);
  Tensor far = x.clone();
  for (float& value : far.data<float>()) value = value + 4096;
  for (int64_t j = 0; j < 384; ++j) x.data<float>()[j] = far.data<float>()[j] - 4096;  // the same rounding
  const Tensor gamma = testing::floats({384}, std::vector<float>(384, 1)), beta = Tensor(DType::f32, {384});
  const auto near_y = normalized(x, gamma, beta, 1e-12f), far_y = normalized(far, gamma, beta, 1e-12f);
  for (int64_t j = 0; j < 384; ++j) ASSERT_NEAR(near_y[0].data<float>()[j], far_y[0].data<float>()[j], 1e-3);
}

// The same row gives the same bits alone and among others.
TEST(LayerNorm, RowsDoNotSeeEachOther) {
  Random random(3, "layer_norm");
  const Tensor x = testing::normal({37, 130}, random), gamma = testing::normal({130}, random),
               beta = testing::normal({130}, random);
  const auto all = normalized(x, gamma, beta, 1e-5f);
  const auto row = x.data<float>().subspan(20 * 130, 130);
  const auto one = normalized(Tensor::of<float>({1, 130}, row), gamma, beta, 1e-5f);
  for (int64_t j = 0; j < 130; ++j) ASSERT_EQ(one[0].data<float>()[j], all[0].data<float>()[20 * 130 + j]);
}

TEST(LayerNorm, RefusesOtherShapes) {
  Graph graph;
  const Value x = graph.input("x", f32({4, 8})), gamma = graph.input("gamma", f32({7}));
  EXPECT_ANY_THROW(layer_norm(x, gamma, gamma, 1e-5f));
}

}  // namespace
}  // namespace frugal

// The losses against their definitions in double.
#include <gtest/gtest.h>

#include <cmath>

#include "frugal/ops/bce_with_logits.h"
#include "frugal/ops/cross_entropy.h"
#include "frugal/ops/mse.h"
#include "frugal/ops/segment_cross_entropy.h"
#include "frugal/ops/soft_cross_entropy.h"
#include "frugal/ops/testing.h"

namespace frugal {
namespace {

using testing::compute;
using testing::floats;
using testing::ints;

// log softmax(x / temperature)
std::vector<double> log_softmax(const float* x, int64_t n, double temperature = 1) {
  double max = -INFINITY, sum = 0;
  for (int64_t j = 0; j < n; ++j) max = std::max(max, x[j] / temperature);
  for (int64_t j = 0; j < n; ++j) sum += std::exp(x[j] / temperature - max);
  std::vector<double> result;
  for (int64_t j = 0; j < n; ++j) result.push_back(x[j] / temperature - max - std::log(sum));
  return result;
}

float loss_of(const testing::Build& build, const std::vector<Tensor>& inputs) {
  return compute(build, inputs)[0].data<float>()[0];
}

TEST(CrossEntropy, MatchesTheDefinition) {
  Random random(1, "loss");
  for (int64_t classes : {1, 2, 77, 5003})
    for (float smoothing : {0.0f, 0.1f}) {
      const int64_t rows = 11;
      Tensor x = testing::normal({rows, classes}, random, 4),
             labels = testing::integers({rows}, random, 0, classes);
      labels.data<int32_t>()[3] = -100;
      labels.data<int32_t>()[5] = static_cast<int32_t>(classes);  // not a class: ignored
      double expected = 0;
      for (int64_t i = 0; i < rows; ++i) {
        if (i == 3 || i == 5) continue;
        const auto log_p = log_softmax(x.data<float>().data() + i * classes, classes);
        expected -= (1 - smoothing) * log_p[labels.data<int32_t>()[i]];
        for (double value : log_p) expected -= smoothing / static_cast<double>(classes) * value;
      }
      expected /= rows - 2;
      EXPECT_NEAR(
          loss_of([&](const auto& in) { return cross_entropy(in[0], in[1], smoothing); }, {x, labels}),
          expected, 1e-5 * (1 + expected))
          << classes;
    }
}

TEST(CrossEntropy, IsStableAndZeroWithoutLabels) {
  const auto build = [](const auto& in) { return cross_entropy(in[0], in[1]); };
  EXPECT_NEAR(loss_of(build, {floats({1, 3}, {1e30f, -1e30f, 0}), ints({0})}), 0, 1e-6);
  EXPECT_NEAR(loss_of(build, {floats({1, 2}, {-1000, -1001}), ints({1})}), 1 + std::log1p(std::exp(-1)),
              1e-4);
  EXPECT_EQ(loss_of(build, {floats({2, 2}, {1, 2, 3, 4}), ints({-1, -100})}), 0);
}

TEST(SoftCrossEntropy, MatchesTheDefinition) {
  Random random(2, "loss");
  for (int64_t classes : {2, 77, 1001}) {
    const Tensor s = testing::normal({5, classes}, random, 3), t = testing::normal({5, classes}, random, 3);
    const Tensor weights = floats({5}, {1, 0, 2, 0.5f, 1});
    const double temperature = 2.5;
    double expected = 0;
    for (int64_t i = 0; i < 5; ++i) {
      const auto log_s = log_softmax(s.data<float>().data() + i * classes, classes, temperature);
      const auto log_t = log_softmax(t.data<float>().data() + i * classes, classes, temperature);
      for (int64_t j = 0; j < classes; ++j)
        expected += weights.data<float>()[i] / 4.5 * std::exp(log_t[j]) * (log_t[j] - log_s[j]);
    }
    expected *= temperature * temperature;
    const auto build = [](const auto& in) { return soft_cross_entropy(in[0], in[1], in[2], 2.5f); };
    EXPECT_NEAR(loss_of(build, {s, t, weights}), expected, 2e-5 * (1 + expected)) << classes;
    EXPECT_NEAR(loss_of(build, {s, s, weights}), 0, 1e-5) << classes;
    EXPECT_EQ(loss_of(build, {s, t, floats({5}, {0, 0, 0, 0, 0})}), 0);
  }
}

TEST(Mse, MatchesTheDefinition) {
  Random random(3, "loss");
  const Tensor a = testing::normal({3, 37}, random), b = testing::normal({3, 37}, random);
  const Tensor weights = floats({3}, {1, 0, 3});
  double expected = 0;
  for (int64_t i = 0; i < 3 * 37; ++i)
    expected +=
        weights.data<float>()[i / 37] / (4.0 * 37) * std::pow(a.data<float>()[i] - b.data<float>()[i], 2);
  EXPECT_NEAR(loss_of([](const auto& in) { return mse(in[0], in[1], in[2]); }, {a, b, weights}), expected,
              1e-5);
}

TEST(BceWithLogits, MatchesTheDefinition) {
  const Tensor x = floats({2, 2}, {0.5f, -2, 100, -100}), z = floats({2, 2}, {1, 0.25f, 0, 1});
  const auto build = [](const auto& in) { return bce_with_logits(in[0], in[1], in[2]); };
  const auto term = [](double logit, double target) {
    const double s = 1 / (1 + std::exp(-logit));
    return -target * std::log(s) - (1 - target) * std::log(1 - s);
  };
  EXPECT_NEAR(loss_of(build, {x, z, floats({2}, {1, 0})}), (term(0.5, 1) + term(-2, 0.25)) / 2, 1e-6);
  EXPECT_NEAR(loss_of(build, {x, z, floats({2}, {0, 1})}), 100, 1e-4);  // no overflow
}

TEST(SegmentCrossEntropy, MatchesTheDefinition) {
  const Tensor x = floats({7}, {9, 1, 2, 3, -1, 4, 50});
  const Tensor offsets = ints({1, 4, 4, 6}), labels = ints({2, 0, 1});  // the second sequence is empty
  const auto build = [](const auto& in) { return segment_cross_entropy(in[0], in[1], in[2]); };
  const float first[] = {1, 2, 3}, third[] = {-1, 4};
  EXPECT_NEAR(loss_of(build, {x, offsets, labels}),
              -(log_softmax(first, 3)[2] + log_softmax(third, 2)[1]) / 2, 1e-6);
  EXPECT_NEAR(loss_of(build, {x, offsets, ints({3, 0, 0})}), -log_softmax(third, 2)[0], 1e-6);
  EXPECT_EQ(loss_of(build, {x, offsets, ints({-1, 0, 2})}), 0);
}

}  // namespace
}  // namespace frugal

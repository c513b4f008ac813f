#include "frugal/ops/unary.h"

#include <gtest/gtest.h>

#include <cmath>

#include "frugal/ops/testing.h"

namespace frugal {
namespace {

double slow(Activation f, double x) {
  const double sigmoid = 1 / (1 + std::exp(-x));
  switch (f) {
    case Activation::none:
      return x;
    case Activation::relu:
      return std::max(x, 0.0);
    case Activation::gelu:
      return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
    case Activation::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::tanh:
      return std::tanh(x);
    case Activation::sigmoid:
      return sigmoid;
    case Activation::silu:
      return x * sigmoid;
  }
  return 0;
}

constexpr Activation kAll[] = {Activation::relu, Activation::gelu,    Activation::gelu_tanh,
                               Activation::tanh, Activation::sigmoid, Activation::silu};

TEST(Unary, MatchesTheDefinition) {
  Random random(1, "unary");
  const Tensor x = testing::normal({9001}, random, 3);
  for (Activation f : kAll) {
    const auto y = testing::compute([&](const auto& in) { return unary(in[0], f); }, {x});
    for (int64_t i = 0; i < x.count(); ++i)
      ASSERT_NEAR(y[0].data<float>()[i], slow(f, x.data<float>()[i]), 2e-6) << name_of(f) << " at " << i;
  }
}

TEST(Unary, GradientMatchesTheDefinition) {
  Random random(2, "unary");
  const Tensor x = testing::normal({515}, random, 2), dy = testing::normal({515}, random);
  for (Activation f : kAll) {
    const auto dx = testing::compute([&](const auto& in) { return unary_grad(in[0], in[1], f); }, {x, dy});
    for (int64_t i = 0; i < x.count(); ++i) {
      const double at = x.data<float>()[i], step = 1e-5;
      if (f == Activation::relu && std::abs(at) < step) continue;
      const double slope = (slow(f, at + step) - slow(f, at - step)) / (2 * step);
      ASSERT_NEAR(dx[0].data<float>()[i], slope * dy.data<float>()[i], 1e-5) << name_of(f) << " at " << at;
    }
  }
}

TEST(Unary, NoActivationIsNoNode) {
  Graph graph;
  const Value x = graph.input("x", f32({2}));
  EXPECT_EQ(unary(x, Activation::none), x);
}

// An element's bits do not depend on where it stands: whole vector or tail, any chunk.
TEST(Unary, ElementsAreAlike) {
  for (int64_t n : {1, 7, 16, 33, 8193}) {
    const Tensor x = testing::floats({n}, std::vector<float>(static_cast<size_t>(n), 0.7f));
    const auto y = testing::compute([](const auto& in) { return unary(in[0], Activation::gelu); }, {x});
    for (float value : y[0].data<float>()) ASSERT_EQ(value, y[0].data<float>()[0]);
  }
}

}  // namespace
}  // namespace frugal

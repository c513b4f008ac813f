// Every function of math-inl.h against double, on every instruction set, and the same bits on all that have
// FMA.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frugal/ops/math_test.cc"
#include <hwy/foreach_target.h>
// After foreach_target.h
#include <hwy/highway.h>

#include "frugal/ops/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// which: 0 exp, 1 erf, 2 + activation, 20 + activation for derivatives, 40 coarse gelu. n is a multiple
// of 16.
void Evaluate(int which, const float* x, float* y, size_t n) {
  const hn::ScalableTag<float> d;
  for (size_t i = 0; i < n; i += hn::Lanes(d)) {
    const auto v = hn::LoadU(d, x + i);
    const auto result = which == 0    ? Exp(d, v)
                        : which == 1  ? Erf(d, v)
                        : which == 40 ? CoarseGelu(d, v)
                        : which < 20  ? Activate(static_cast<Activation>(which - 2), d, v)
                                      : ActivateGrad(static_cast<Activation>(which - 20), d, v);
    hn::StoreU(result, d, y + i);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "frugal/base/isa.h"

namespace frugal {
namespace {
HWY_EXPORT(Evaluate);

double activate(Activation activation, double x) {
  switch (activation) {
    case Activation::none:
      return x;
    case Activation::relu:
      return std::max(x, 0.0);
    case Activation::gelu:
      return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
    case Activation::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::tanh:
      return std::tanh(x);
    case Activation::sigmoid:
      return 1 / (1 + std::exp(-x));
    case Activation::silu:
      return x / (1 + std::exp(-x));
  }
  return 0;
}

double slope(Activation activation, double x) {
  if (activation == Activation::none) return 1;
  if (activation == Activation::relu) return x > 0;
  const double h = 1e-5;  // central differences in double: good to 1e-10
  return (activate(activation, x + h) - activate(activation, x - h)) / (2 * h);
}

class VectorMath : public testing::Test {
 protected:
  void TearDown() override { use_isa(machine_isa()); }

  // |got - want| <= relative |want| + absolute over [low, high], on each instruction set.
  void expect_close(int which, const std::function<double(double)>& twin, double low, double high,
                    double relative, double absolute) {
    constexpr size_t kCount = 1 << 18;
    std::vector<float> x(kCount), y(kCount), first;
    for (size_t i = 0; i < kCount; ++i) x[i] = static_cast<float>(low + (high - low) * i / (kCount - 1));
    for (Isa isa : supported_isas()) {
      use_isa(isa);
      HWY_DYNAMIC_DISPATCH(Evaluate)(which, x.data(), y.data(), kCount);
      double worst = -1;
      size_t at = 0;
      for (size_t i = 0; i < kCount; ++i) {
        const double want = twin(x[i]),
                     excess = std::abs(y[i] - want) / (relative * std::abs(want) + absolute);
        if (!(excess <= worst)) worst = excess, at = i;
      }
      EXPECT_LE(worst, 1) << "function " << which << " on " << name_of(isa) << " at " << x[at] << ": "
                          << y[at] << " instead of " << twin(x[at]);
      if (isa < Isa::avx2) continue;
      if (first.empty()) first = y;
      for (size_t i = 0; i < kCount; ++i)
        ASSERT_EQ(std::bit_cast<uint32_t>(y[i]), std::bit_cast<uint32_t>(first[i]))
            << which << " at " << x[i];
    }
  }
};

constexpr double kUlp = 0x1p-23;

TEST_F(VectorMath, ExpAndErf) {
  expect_close(
      0, [](double x) { return std::exp(x); }, -87.3, 88.7, 1.5 * kUlp, 0);
  expect_close(
      1, [](double x) { return std::erf(x); }, -6, 6, 4 * kUlp, 1e-30);
}

TEST_F(VectorMath, Activations) {
  for (Activation a :
       {Activation::none, Activation::relu, Activation::tanh, Activation::sigmoid, Activation::silu})
    expect_close(
        2 + static_cast<int>(a), [a](double x) { return activate(a, x); }, -80, 80, 3 * kUlp, 1e-37);
  expect_close(
      2 + static_cast<int>(Activation::tanh), [](double x) { return std::tanh(x); }, -1, 1, 3 * kUlp, 0);
  for (Activation a : {Activation::gelu, Activation::gelu_tanh})
    expect_close(
        2 + static_cast<int>(a), [a](double x) { return activate(a, x); }, -12, 12, 2 * kUlp, 1e-6);
}

TEST_F(VectorMath, CoarseGeluIsNearEnoughForBytes) {
  const auto gelu = [](double x) { return activate(Activation::gelu, x); };
  expect_close(40, gelu, 0.1, 40, 8e-6, 2e-6);
  expect_close(40, gelu, -8, 8, 0, 6.5e-5);
}

TEST_F(VectorMath, Derivatives) {
  for (int a = 0; a <= static_cast<int>(Activation::silu); ++a)
    expect_close(
        20 + a, [a](double x) { return slope(static_cast<Activation>(a), x); }, -12, 12, 4 * kUlp, 6e-7);
}

TEST_F(VectorMath, Extremes) {
  const float infinity = std::numeric_limits<float>::infinity(),
              nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> x{infinity, -infinity, 1e30f,  -1e30f, -100.0f,
                             100.0f,   -0.0f,     0.0f,   nan,    -nan,
                             88.72f,   88.73f,    -87.3f, -87.4f, std::bit_cast<float>(0x7fc00001u),
                             7.0f};
  std::vector<float> y(x.size());
  for (Isa isa : supported_isas()) {
    use_isa(isa);
    for (int which : {0, 1, 3, 4, 5, 6, 7, 8}) {
      HWY_DYNAMIC_DISPATCH(Evaluate)(which, x.data(), y.data(), x.size());
      for (int i : {8, 9, 14}) EXPECT_TRUE(std::isnan(y[i])) << which << " on " << name_of(isa);
      std::vector<float> slopes(x.size());
      if (which >= 3) HWY_DYNAMIC_DISPATCH(Evaluate)(which + 18, x.data(), slopes.data(), x.size());
      for (int i = 2; i < 8; ++i) EXPECT_TRUE(std::isfinite(slopes[i])) << which << " at " << x[i];
      if (which == 0) {
        EXPECT_EQ(y[0], infinity);
        EXPECT_EQ(y[1], 0);
        EXPECT_EQ(y[3], 0);
        EXPECT_EQ(y[6], 1);
        EXPECT_TRUE(std::isfinite(y[10]));
        EXPECT_EQ(y[11], infinity);
      } else if (which == 1 || which == 6) {  // erf, tanh
        EXPECT_EQ(y[0], 1);
        EXPECT_EQ(y[3], -1);
        EXPECT_EQ(y[7], 0);
      } else if (which == 4 ||
                 which == 5) {  // both gelus: nothing left of a large negative, all of a positive
        EXPECT_EQ(y[3], 0) << which << " on " << name_of(isa);
        EXPECT_EQ(y[4], 0) << which << " on " << name_of(isa);
        EXPECT_EQ(y[5], 100);
        EXPECT_EQ(y[2], 1e30f);
      }
    }
  }
}

}  // namespace
}  // namespace frugal
#endif

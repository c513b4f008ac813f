#include "frugal/ops/sinusoids.h"

#include <gtest/gtest.h>

#include <cmath>

#include "frugal/ops/testing.h"

namespace frugal {
namespace {

Tensor table(int64_t first, int64_t rows, int64_t width, int64_t clamp) {
  Graph graph;
  sinusoids(graph, first, rows, width, clamp);
  return testing::evaluate(graph, Context::make(2), {})[0][0];
}

TEST(Sinusoids, AreSinesThenCosinesOfFallingFrequencies) {
  const Tensor out = table(-40, 90, 12, 0);
  for (int64_t m = 0; m < 90; ++m)
    for (int64_t i = 0; i < 6; ++i) {
      const double angle = static_cast<double>(m - 40) * std::pow(10000.0, -static_cast<double>(i) / 6);
      EXPECT_NEAR(out.data<float>()[m * 12 + i], std::sin(angle), 1e-5) << m << " " << i;
      EXPECT_NEAR(out.data<float>()[m * 12 + 6 + i], std::cos(angle), 1e-5) << m << " " << i;
    }
}

TEST(Sinusoids, ClampRepeatsTheFarthestRows) {
  const Tensor whole = table(-9, 19, 4, 0), cut = table(-9, 19, 4, 3);
  for (int64_t m = 0; m < 19; ++m)
    for (int64_t j = 0; j < 4; ++j)
      EXPECT_EQ(cut.data<float>()[m * 4 + j], whole.data<float>()[std::clamp<int64_t>(m, 6, 12) * 4 + j]);
}

}  // namespace
}  // namespace frugal

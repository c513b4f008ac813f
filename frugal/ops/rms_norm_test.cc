#include "frugal/ops/rms_norm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "frugal/ops/testing.h"

namespace frugal {
namespace {

TEST(RmsNorm, MatchesTheDefinition) {
  Random random(1, "rms_norm");
  for (int64_t width : {1, 5, 100, 384}) {
    const Tensor x = testing::normal({70, width}, random, 5), gamma = testing::normal({width}, random);
    const auto y = testing::compute([](const auto& in) { return rms_norm(in[0], in[1], 1e-6f); }, {x, gamma});
    for (int64_t t = 0; t < 70; ++t) {
      const float* row = x.data<float>().data() + t * width;
      double mean = 1e-6;
      for (int64_t j = 0; j < width; ++j) mean += double{row[j]} * row[j] / static_cast<double>(width);
      for (int64_t j = 0; j < width; ++j)
        ASSERT_NEAR(y[0].data<float>()[t * width + j], row[j] / std::sqrt(mean) * gamma.data<float>()[j],
                    2e-5);
    }
  }
}

}  // namespace
}  // namespace frugal

// rotary against complex numbers in double, and what it is for: products that depend on distance alone.
#include "frugal/ops/rotary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>

#include "frugal/base/error.h"
#include "frugal/ops/testing.h"

namespace frugal {
namespace {

using testing::compute;

Tensor angles_of(std::vector<int32_t> positions, const Tensor& frequencies) {
  return compute([](const auto& in) { return rotary_angles(in[0], in[1]); },
                 {testing::ints(std::move(positions)), frequencies})[0];
}

Tensor turned(const Tensor& x, const Tensor& angles, int64_t heads, RotaryPairs pairs,
              const Context& context = Context::make(2)) {
  return compute([&](const auto& in) { return rotary(in[0], in[1], heads, pairs); }, {x, angles}, context)[0];
}

TEST(Rotary, AnglesAreTheReferences) {
  // torch 2.15: inv = 1 / base ** (arange(0, 16, 2) / 16), then cos and sin of 511 * inv.
  const Tensor angles = angles_of({511}, rotary_frequencies(16, 10000));
  const float expected[] = {-0.471678883f, -0.198306397f,  0.671533525f, -0.899890721f,
                            0.387216508f,  -0.0451123565f, 0.872255862f, 0.986972332f,
                            0.881770372f,  -0.98014009f,   0.740974128f, -0.436115474f,
                            -0.921988785f, 0.998981893f,   0.489049792f, 0.160890058f};
  for (int i = 0; i < 16; ++i) EXPECT_NEAR(angles.data<float>()[i], expected[i], 1e-7) << i;
}

TEST(Rotary, TurnsEveryPairOfEveryHead) {
  Random random(1, "rotary");
  const int64_t rows = 5, heads = 3;
  const std::vector<int32_t> positions{0, 1, 7, 500, 30000};
  for (int64_t width : {2, 10, 64, 71})
    for (int64_t dims : {width / 2 * 2, std::max<int64_t>(2, width / 4 * 2)}) {
      const Tensor x = testing::normal({rows, heads * width}, random);
      const Tensor frequencies = rotary_frequencies(dims, 10000), angles = angles_of(positions, frequencies);
      for (RotaryPairs pairs : {RotaryPairs::halves, RotaryPairs::interleaved}) {
        std::vector<double> expected(x.data<float>().begin(), x.data<float>().end());
        for (int64_t r = 0; r < rows; ++r)
          for (int64_t h = 0; h < heads; ++h)
            for (int64_t i = 0; i < dims / 2; ++i) {
              double* head = expected.data() + (r * heads + h) * width;
              double& a = head[pairs == RotaryPairs::halves ? i : 2 * i];
              double& b = head[pairs == RotaryPairs::halves ? dims / 2 + i : 2 * i + 1];
              const float angle = static_cast<float>(positions[r]) * frequencies.data<float>()[i];
              const auto z = std::complex<double>(a, b) * std::polar(1.0, double{angle});
              a = z.real(), b = z.imag();
            }
        for (Isa isa : supported_isas()) {
          const Tensor y = turned(x, angles, heads, pairs, Context::make(2, isa));
          for (int64_t i = 0; i < y.count(); ++i)
            ASSERT_NEAR(y.data<float>()[i], expected[i], 1e-6)
                << i << " of width " << width << ", " << dims << " turned, " << name_of(isa);
        }
      }
    }
  use_isa(isa_from_environment());
}

TEST(Rotary, ProductsDependOnDistanceAlone) {
  Random random(2, "rotary");
  const Tensor q = testing::normal({1, 64}, random), k = testing::normal({1, 64}, random);
  const Tensor frequencies = rotary_frequencies(64, 10000);
  const auto product = [&](int32_t p, int32_t r) {
    const Tensor a = turned(q, angles_of({p}, frequencies), 1, RotaryPairs::halves);
    const Tensor b = turned(k, angles_of({r}, frequencies), 1, RotaryPairs::halves);
    double sum = 0;
    for (int i = 0; i < 64; ++i) sum += double{a.data<float>()[i]} * b.data<float>()[i];
    return sum;
  };
  EXPECT_NEAR(product(10, 3), product(507, 500), 1e-3);
  EXPECT_GT(std::abs(product(10, 3) - product(10, 9)), 0.1);
}

TEST(Rotary, RefusesTypesThatDoNotFit) {
  Graph graph;
  const Value x = graph.input("x", f32({4, 24})), angles = graph.input("a", f32({4, 8}));
  EXPECT_EQ(rotary(x, angles, 3, RotaryPairs::halves).shape(), Shape({4, 24}));
  EXPECT_THROW(rotary(x, angles, 5, RotaryPairs::halves), Error);
  EXPECT_THROW(rotary(x, angles, 4, RotaryPairs::halves), Error);  // heads of 6
  EXPECT_THROW(rotary(x, graph.input("b", f32({3, 8})), 3, RotaryPairs::halves), Error);
  EXPECT_THROW(rotary(x, graph.input("c", f32({4, 7})), 3, RotaryPairs::halves), Error);
  EXPECT_THROW(rotary_frequencies(7, 10000), Error);
  EXPECT_THROW(rotary_frequencies(8, 0), Error);
}

}  // namespace
}  // namespace frugal

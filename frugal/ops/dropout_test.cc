#include "frugal/ops/dropout.h"

#include <gtest/gtest.h>

#include <cmath>

#include "frugal/base/random.h"
#include "frugal/ops/testing.h"

namespace frugal {
namespace {

Tensor dropped(const Tensor& x, int64_t seed, int64_t step, float p, uint64_t site,
               const Context& context = Context::make(2)) {
  const Tensor random = Tensor::of<int64_t>({2}, std::vector<int64_t>{seed, step});
  return testing::compute([&](const auto& in) { return dropout(in[0], in[1], p, site); }, {x, random},
                          context)[0];
}

Tensor ones(int64_t n) { return testing::floats({n}, std::vector<float>(static_cast<size_t>(n), 1)); }

TEST(Dropout, MatchesPhiloxWordByWord) {
  const int64_t n = 20011;
  const DropoutStream stream = dropout_stream(-5, 77, 123);
  const uint32_t threshold = static_cast<uint32_t>(std::lround(0.1f * 65536));
  for (Isa isa : supported_isas()) {
    const Tensor y = dropped(ones(n), -5, 77, 0.1f, 123, Context::make(2, isa));
    for (int64_t i = 0; i < n; ++i) {
      const auto block = philox(stream.key, stream.counter_high, static_cast<uint64_t>(i) / 8);
      const uint32_t word = block[i % 8 / 2] >> (i % 2 * 16) & 0xffff;
      const float expected = word < threshold ? 0 : 1 / (1 - static_cast<float>(threshold) / 65536);
      ASSERT_EQ(y.data<float>()[i], expected) << name_of(isa) << " at " << i;
    }
  }
  use_isa(isa_from_environment());
}

// The share dropped is within four deviations of p, and seed, step and site each change which.
TEST(Dropout, DropsItsShareIndependently) {
  const int64_t n = 100000;
  const double p = 0.3;
  const Tensor base = dropped(ones(n), 1, 1, p, 1);
  const auto share = [&](const Tensor& y, const Tensor* other) {
    int64_t count = 0;
    for (int64_t i = 0; i < n; ++i)
      count += y.data<float>()[i] == 0 && (!other || other->data<float>()[i] == 0);
    return static_cast<double>(count) / static_cast<double>(n);
  };
  EXPECT_NEAR(share(base, nullptr), p, 4 * std::sqrt(p * (1 - p) / static_cast<double>(n)));
  for (const Tensor& other :
       {dropped(ones(n), 2, 1, p, 1), dropped(ones(n), 1, 2, p, 1), dropped(ones(n), 1, 1, p, 2)}) {
    EXPECT_NEAR(share(other, nullptr), p, 4 * std::sqrt(p * (1 - p) / static_cast<double>(n)));
    EXPECT_NEAR(share(other, &base), p * p, 4 * std::sqrt(p * p / static_cast<double>(n)));
  }
}

TEST(Dropout, ChecksItsProbability) {
  Graph graph;
  const Value x = graph.input("x", f32({4})), random = graph.input("random", {DType::i64, {2}});
  EXPECT_EQ(dropout(x, random, 0, 1), x);
  EXPECT_ANY_THROW(dropout(x, random, 1, 1));
  EXPECT_ANY_THROW(dropout(x, random, -0.1f, 1));
  EXPECT_ANY_THROW(dropout(x, random, NAN, 1));
}

}  // namespace
}  // namespace frugal

#include "frugal/base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace frugal {
namespace {

// Known answers published with Random123 (kat_vectors, philox4x32 10 rounds).
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox(0, 0, 0), (std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox(~0ull, ~0ull, ~0ull),
            (std::array<uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
}

TEST(Random, MomentsOfNormal) {
  Random random(3, "moments");
  double sum = 0, squares = 0;
  constexpr int n = 100000;
  for (int i = 0; i < n; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / n, 0, 4 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1, 0.03);
}

TEST(Random, PermutationHoldsEachOnceAndDependsOnSeed) {
  auto a = random_permutation(100, Random(1, "x")), b = random_permutation(100, Random(2, "x"));
  EXPECT_NE(a, b);
  EXPECT_EQ(a, random_permutation(100, Random(1, "x")));
  std::sort(a.begin(), a.end());
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a[i], i);
}

}  // namespace
}  // namespace frugal

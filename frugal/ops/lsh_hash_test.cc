// lsh_hash: buckets against a twin in double, a stable sort, the factors that are chosen where none are
// given, and near ties that a replay must not turn over.
#include "frugal/ops/lsh_hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "frugal/base/error.h"
#include "frugal/ops/testing.h"

namespace frugal {
namespace {

HashOptions options_of(std::vector<int64_t> factors, int64_t chunk = 8) {
  HashOptions hash;
  hash.chunks.heads = 2;
  hash.chunks.chunk = hash.chunks.multiple = hash.chunks.shortest = chunk;
  hash.factors = std::move(factors);
  hash.positions = 1024;
  return hash;
}

std::vector<Tensor> run(const HashOptions& hash, const Tensor& q, const Tensor& rotations, int sequences_end,
                        const Tensor* ties = nullptr) {
  std::vector<Tensor> inputs{q, rotations, testing::ints({3, sequences_end}),
                             testing::ints({sequences_end - 3})};
  if (ties) inputs.push_back(*ties);
  return testing::compute([&](const std::vector<Value>& in) { return in[0].graph->add<LshHash>(in, hash); },
                          inputs);
}

TEST(LshHash, SortsByTheLargestOfTheRotationsAndPosition) {
  constexpr int kRows = 150, kWidth = 7, kRounds = 3;
  for (const std::vector<int64_t>& factors : {std::vector<int64_t>{2}, std::vector<int64_t>{6},
                                              std::vector<int64_t>{70}, std::vector<int64_t>{4, 2, 6}}) {
    const HashOptions hash = options_of(factors);
    const int64_t columns = rotation_columns(hash);
    Random random(5, "hash");
    const Tensor q = testing::normal({kRows, 2 * kWidth}, random);
    const Tensor rotations = testing::normal({2, kWidth, kRounds, columns}, random);
    const auto out = run(hash, q, rotations, 140);
    const auto order = out[0].data<int32_t>(), buckets = out[2].data<int32_t>();
    for (int h = 0; h < 2; ++h)
      for (int r = 0; r < kRounds; ++r) {
        const int64_t line = (h * kRounds + r) * kRows;
        std::vector<int32_t> rows;
        for (int row = 3; row < 140; ++row) {
          int64_t bucket = 0, scale = 1, first = 0;
          for (int64_t factor : factors) {
            std::vector<double> x;
            for (int64_t j = 0; j < factor / 2; ++j) {
              x.push_back(0);
              for (int d = 0; d < kWidth; ++d)
                x.back() += double{q.data<float>()[(row * 2 + h) * kWidth + d]} *
                            rotations.data<float>()[((h * kWidth + d) * kRounds + r) * columns + first + j];
            }
            for (int64_t j = 0; j < factor / 2; ++j) x.push_back(-x[j]);
            bucket += scale * (std::ranges::max_element(x) - x.begin());
            scale *= factor, first += factor / 2;
          }
          ASSERT_EQ(bucket, buckets[line + row]) << "row " << row << ", round " << r;
          rows.push_back(row);
        }
        std::ranges::stable_sort(rows, {}, [&](int32_t row) { return buckets[line + row]; });
        for (int i = 0; i < 137; ++i) ASSERT_EQ(rows[i], order[line + 3 + i]);
        for (int i : {0, 2, 140, 149}) EXPECT_EQ(-1, order[line + i]);
      }
  }
}

TEST(LshHash, ChoosesFactorsAsTheReferenceDoes) {
  HashOptions hash = options_of({}, 64);
  hash.positions = 4096;
  using Factors = std::vector<int64_t>;
  EXPECT_EQ(Factors{4}, bucket_factors(hash, 2));
  EXPECT_EQ(Factors{4}, bucket_factors(hash, 3));
  EXPECT_EQ(Factors{128}, bucket_factors(hash, 64));
  hash.positions = 524288;  // the published configuration: 64 x 128 buckets, here 128 x 128
  EXPECT_EQ((Factors{128, 128}), bucket_factors(hash, 8192));
  EXPECT_EQ((Factors{16, 16}), bucket_factors(hash, 128));
  EXPECT_EQ(128, rotation_columns(hash));
  EXPECT_EQ((Factors{2, 6}), bucket_factors(options_of({2, 6}), 99));
}

TEST(LshHash, AReplayKeepsTheOrderThroughNearTies) {
  constexpr int kRows = 128, kWidth = 8, kRounds = 3;
  for (int64_t factor : {2, 6, 10}) {
    const HashOptions hash = options_of({factor, 4});
    const int64_t columns = rotation_columns(hash);
    Random random(9, "replay");
    Tensor q = testing::normal({kRows, 2 * kWidth}, random);
    Tensor rotations = testing::normal({2, kWidth, kRounds, columns}, random);
    // Columns 0 and 1 are nearly one another or, alone, nearly 0: a third of the rows hang by a hair.
    for (int64_t line = 0; line < 2 * kWidth * kRounds; ++line) {
      float* x = rotations.data<float>().data() + line * columns;
      if (factor > 2)
        x[1] = -x[0] * (1 + 1e-7f * static_cast<float>(random.normal()));
      else
        x[0] *= 1e-6f;
    }
    const auto first = run(hash, q, rotations, kRows);
    Tensor moved = q.clone();
    for (float& x : moved.data<float>()) x *= 1 + 2e-6f * static_cast<float>(random.normal());
    Tensor turned = rotations.clone();
    for (int64_t line = 0; line < 2 * kWidth * kRounds; ++line) {
      float* x = turned.data<float>().data() + line * columns;
      if (factor > 2)
        x[1] = -x[0] * (1 + 1e-7f * static_cast<float>(random.normal()));
      else
        x[0] = 1e-6f * static_cast<float>(random.normal());
    }
    const auto naive = run(hash, moved, turned, kRows);
    const auto replayed = run(hash, moved, turned, kRows, &first[1]);
    int differ = 0;
    for (int64_t i = 0; i < first[0].count(); ++i) {
      ASSERT_EQ(first[0].data<int32_t>()[i], replayed[0].data<int32_t>()[i]) << factor << ", element " << i;
      ASSERT_EQ(first[2].data<int32_t>()[i], replayed[2].data<int32_t>()[i]) << factor << ", element " << i;
      differ += first[2].data<int32_t>()[i] != naive[2].data<int32_t>()[i];
    }
    EXPECT_GT(differ, 20) << "the test has no ties to turn over, factor " << factor;
  }
}

TEST(LshHash, RefusesWhatDoesNotFit) {
  Random random(1, "refuse");
  const Tensor q = testing::normal({16, 16}, random);
  EXPECT_THROW(run(options_of({3}), q, testing::normal({2, 8, 1, 1}, random), 16), Error);
  EXPECT_THROW(run(options_of({4}), q, testing::normal({2, 8, 1, 3}, random), 16), Error);
  EXPECT_THROW(run(options_of({1024, 1024}), q, testing::normal({2, 8, 1, 1024}, random), 16), Error);
}

}  // namespace
}  // namespace frugal

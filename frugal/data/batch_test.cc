#include "frugal/data/batch.h"

#include <gtest/gtest.h>

namespace frugal {
namespace {

TEST(Batch, BucketsRoundUpByAtMostASixteenth) {
  for (int64_t n = 1; n < 5000; ++n) {
    const int64_t bucket = token_bucket(n);
    EXPECT_GE(bucket, n);
    EXPECT_LE(bucket, n + std::max<int64_t>(n <= 32 ? 3 : 7, n / 16));
    EXPECT_LE(bucket, token_bucket(n + 1));
    const int64_t training = token_bucket(n, kTrainingParts);
    EXPECT_GE(training, n);
    EXPECT_LE(training, std::min(bucket, n + std::max<int64_t>(7, n / kTrainingParts)));
  }
}

TEST(Batch, ABatchEndsBeforeItHasTooManyTokens) {
  const std::vector<Sequence> sequences{{{1, 2, 3}, {}, {}}, {{4, 5}, {}, {}}, {{6}, {}, {}}};
  const std::vector<const Sequence*> all{&sequences[0], &sequences[1], &sequences[2]};
  const auto sizes = [&](int64_t tokens) {
    std::vector<size_t> found;
    for (const auto batch : batches_of(all, tokens)) found.push_back(batch.size());
    return found;
  };
  EXPECT_EQ(sizes(2), (std::vector<size_t>{1, 1, 1}));  // one at least
  EXPECT_EQ(sizes(5), (std::vector<size_t>{2, 1}));
  EXPECT_EQ(sizes(6), (std::vector<size_t>{3}));
  EXPECT_TRUE(batches_of({}, 6).empty());
}

TEST(Batch, RowsLieBackToBack) {
  const std::vector<Sequence> sequences{{{5, 6, 7}, {0, 0, 1}, {}}, {{}, {}, {}}, {{8, 9}, {0, 0}, {4, 5}}};
  const PackedBatch batch = pack_batch(sequences);
  EXPECT_EQ(batch.rows, 5);
  EXPECT_EQ(batch.shape.tokens, 8);
  EXPECT_EQ(batch.shape.sequences, 4);
  EXPECT_EQ(batch.offsets, (std::vector<int32_t>{0, 3, 3, 5, 5}));
  EXPECT_EQ(batch.first_rows, (std::vector<int32_t>{0, -1, 3, -1}));
  EXPECT_EQ(batch.ids, (std::vector<int32_t>{5, 6, 7, 8, 9, -1, -1, -1}));
  EXPECT_EQ(batch.positions, (std::vector<int32_t>{0, 1, 2, 4, 5, -1, -1, -1}));
}

}  // namespace
}  // namespace frugal

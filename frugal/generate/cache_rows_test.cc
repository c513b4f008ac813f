#include "frugal/generate/cache_rows.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "frugal/base/random.h"

namespace frugal {
namespace {

// The twin writes each token into the rows as a program would, and keeps every past in full.
TEST(CacheRows, PastsHoldWhatWasWritten) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed, "cache rows");
    CacheRows rows;
    std::map<int32_t, int> cache;
    std::vector<std::vector<int>> pasts;
    int token = 0;
    for (int step = 0; step < 60; ++step) {
      std::vector<CacheRows::Next> next;
      std::vector<std::vector<int>> twins;
      for (uint64_t i = 0, n = random.below(6); i < n; ++i) {
        const int parent = pasts.empty() ? -1 : static_cast<int>(random.below(pasts.size() + 1)) - 1;
        next.push_back({parent, static_cast<int64_t>(random.below(4))});
        twins.push_back(parent < 0 ? std::vector<int>{} : pasts[parent]);
      }
      rows.advance(next);
      ASSERT_EQ(rows.pasts().size(), next.size());
      std::set<int32_t> distinct;
      for (size_t i = 0; i < next.size(); ++i) {
        const auto& past = rows.pasts()[i];
        for (int64_t n = next[i].fresh; n > 0; --n) {
          twins[i].push_back(++token);
          cache[past[past.size() - static_cast<size_t>(n)]] = token;
        }
      }
      for (size_t i = 0; i < next.size(); ++i) {
        std::vector<int> read;
        for (int32_t row : rows.pasts()[i]) {
          ASSERT_GE(row, 0);
          ASSERT_LT(row, rows.size());
          distinct.insert(row);
          read.push_back(cache[row]);
        }
        ASSERT_EQ(read, twins[i]);
      }
      EXPECT_EQ(rows.used(), static_cast<int64_t>(distinct.size()));
      pasts = twins;
    }
  }
}

TEST(CacheRows, SharedPastsTakeNoRoom) {
  CacheRows rows;
  rows.advance(std::vector<CacheRows::Next>{{-1, 100}});
  rows.advance(std::vector<CacheRows::Next>{{0, 1}, {0, 1}, {0, 1}, {0, 1}});
  EXPECT_EQ(rows.used(), 104);
  rows.advance(std::vector<CacheRows::Next>{{2, 1}, {2, 1}});
  EXPECT_EQ(rows.used(), 103);
  EXPECT_EQ(rows.size(), 104);
  rows.advance({});
  EXPECT_EQ(rows.used(), 0);
}

}  // namespace
}  // namespace frugal

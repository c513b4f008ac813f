#include "frugal/shrink/augment.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace frugal {
namespace {

constexpr int32_t kCls = 1, kSep = 2;

SpecialIds special_ids() {
  SpecialIds special;
  special.cls = kCls;
  special.sep = kSep;
  return special;
}

// [CLS] 20 words [SEP], all words different over all texts.
std::vector<Sequence> texts(int count) {
  std::vector<Sequence> made;
  int32_t next = 10;
  for (int i = 0; i < count; ++i) {
    std::vector<int32_t> ids{kCls};
    for (int j = 0; j < 20; ++j) ids.push_back(next++);
    ids.push_back(kSep);
    made.push_back(sequence_of(ids));
  }
  return made;
}

TEST(NoisyCopies, DropAndExchangeAsOftenAsTheySay) {
  const std::vector<Sequence> given = texts(500);
  Augmentation augmentation;
  augmentation.copies = 2;
  augmentation.drop = 0.2;
  augmentation.exchange = 0.3;
  const std::vector<Sequence> copies = noisy_copies(given, special_ids(), augmentation, 7);
  ASSERT_EQ(copies.size(), 1000u);
  int64_t words = 0, kept = 0;
  for (size_t i = 0; i < copies.size(); ++i) {
    const std::vector<int32_t>&mine = copies[i].ids, &source = given[i % given.size()].ids;
    ASSERT_EQ(copies[i].types.size(), mine.size());
    EXPECT_EQ(mine.front(), kCls);
    EXPECT_EQ(mine.back(), kSep);
    EXPECT_EQ(std::count(mine.begin(), mine.end(), kCls) + std::count(mine.begin(), mine.end(), kSep), 2);
    words += static_cast<int64_t>(mine.size()) - 2;
    for (size_t j = 1; j + 1 < mine.size(); ++j)
      kept += std::find(source.begin(), source.end(), mine[j]) != source.end();
  }
  // 20,000 words: three deviations are 0.009 and 0.011.
  EXPECT_NEAR(static_cast<double>(words) / 20000, 0.8, 0.01);
  EXPECT_NEAR(static_cast<double>(kept) / 20000, 0.5, 0.012);
  EXPECT_NE(copies[0].ids, copies[500].ids);
}

TEST(NoisyCopies, FollowTheSeedAndLeaveAWord) {
  const std::vector<Sequence> given = texts(3);
  Augmentation augmentation;
  augmentation.drop = 1;
  augmentation.exchange = 0;
  for (const Sequence& copy : noisy_copies(given, special_ids(), augmentation, 0))
    EXPECT_EQ(copy.ids.size(), 3u);
  const auto ids = [&](uint64_t seed) { return noisy_copies(given, special_ids(), {}, seed)[0].ids; };
  EXPECT_EQ(ids(1), ids(1));
  EXPECT_NE(ids(1), ids(2));
  augmentation.copies = 0;
  EXPECT_TRUE(noisy_copies(given, special_ids(), augmentation, 0).empty());
  EXPECT_TRUE(noisy_copies({sequence_of({kCls, kSep})}, special_ids(), {}, 0).empty());
}

TEST(SpelledCopy, SpellsByTheLongestKeptPieces) {
  const auto tokenizer = load_tokenizer(FRUGAL_SOURCE_DIR "/tests/cases/wordpiece/uncased");
  const auto id = [&](const char* piece) { return tokenizer->id_of(piece).value(); };
  std::vector<int32_t> kept;
  for (const char* piece : {"the", "t", "##h", "##e"}) kept.push_back(id(piece));
  std::sort(kept.begin(), kept.end());
  Random random(0, "test");
  const SpecialIds& special = tokenizer->special_ids();
  const Sequence text = sequence_of({special.cls, id("the"), special.sep});
  EXPECT_EQ(spelled_copy(text, *tokenizer, kept, 1, random).ids,
            (std::vector<int32_t>{special.cls, id("t"), id("##h"), id("##e"), special.sep}));
  EXPECT_EQ(spelled_copy(text, *tokenizer, kept, 0, random).ids, text.ids);
  std::erase(kept, id("##h"));
  EXPECT_EQ(spelled_copy(text, *tokenizer, kept, 1, random).ids, text.ids);  // cannot be spelled
}

}  // namespace
}  // namespace frugal

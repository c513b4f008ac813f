#include "frugal/ops/embedding.h"

#include <gtest/gtest.h>

#include "frugal/ops/compact_rows.h"
#include "frugal/ops/testing.h"

namespace frugal {
namespace {

TEST(Embedding, LooksRowsUp) {
  const Tensor table = testing::floats({3, 2}, {1, 2, 3, 4, 5, 6});
  const auto out = testing::compute([](const auto& in) { return embedding(in[0], in[1]); },
                                    {table, testing::ints({2, -1, 0, 3, 2})});
  const std::vector<float> expected{5, 6, 0, 0, 1, 2, 0, 0, 5, 6};
  EXPECT_TRUE(std::ranges::equal(out[0].data<float>(), expected));
}

TEST(Embedding, BytesAreScaled) {
  const Tensor table = Tensor::of<int8_t>({2, 3}, std::vector<int8_t>{-128, 0, 127, 1, 2, 3});
  const auto out = testing::compute([](const auto& in) { return embedding_s8(in[0], in[1], in[2]); },
                                    {table, testing::floats({2}, {0.5f, 2}), testing::ints({1, 0, -1})});
  const std::vector<float> expected{2, 4, 6, -64, 0, 63.5f, 0, 0, 0};
  EXPECT_TRUE(std::ranges::equal(out[0].data<float>(), expected));
}

// The sparse gradient, written into zeros, is the dense one bit for bit; both equal a loop.
TEST(Embedding, GradientsAgree) {
  Random random(1, "embedding");
  for (int64_t vocabulary : {1, 7, 1000}) {
    const int64_t rows = 333, width = 17;
    const Tensor ids = testing::integers({rows}, random, -1, vocabulary);
    const Tensor dy = testing::normal({rows, width}, random);
    std::vector<float> expected(static_cast<size_t>(vocabulary * width));
    for (int64_t t = 0; t < rows; ++t)
      for (int64_t j = 0; j < width; ++j)
        if (const int32_t id = ids.data<int32_t>()[t]; id >= 0)
          expected[id * width + j] += dy.data<float>()[t * width + j];
    const auto dense =
        testing::compute([&](const auto& in) { return embedding_grad(in[0], in[1], vocabulary); }, {ids, dy});
    EXPECT_TRUE(std::ranges::equal(dense[0].data<float>(), expected));

    const auto sparse =
        testing::compute([](const auto& in) { return compact_rows(in[0], in[1]).rows; }, {ids, dy});
    std::vector<float> written(expected.size());
    std::vector<bool> seen(static_cast<size_t>(vocabulary));
    for (int64_t t = 0; t < rows; ++t) {
      const int32_t id = ids.data<int32_t>()[t], slot = sparse[1].data<int32_t>()[t];
      const bool first = id >= 0 && !seen[id];
      EXPECT_EQ(slot, first ? id : -1);
      if (first) seen[id] = true;
      for (int64_t j = 0; j < width; ++j) {
        const float value = sparse[0].data<float>()[t * width + j];
        if (first) written[id * width + j] = value;
        EXPECT_TRUE(first || value == 0);
      }
    }
    EXPECT_EQ(written, expected);
  }
}

}  // namespace
}  // namespace frugal

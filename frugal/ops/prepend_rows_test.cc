#include "frugal/ops/prepend_rows.h"

#include <gtest/gtest.h>

#include "frugal/base/error.h"
#include "frugal/ops/testing.h"

namespace frugal {
namespace {

std::vector<float> values(const Tensor& tensor) {
  return {tensor.data<float>().begin(), tensor.data<float>().end()};
}

TEST(PrependRows, PutsEachSequenceBehindItsOwnOlderRows) {
  const Tensor older = testing::floats({4, 1}, {-1, -2, -3, -4}),
               x = testing::floats({6, 1}, {1, 2, 3, 4, 5, 6});
  // Two sequences of 3 and 2 rows; the last row belongs to none.
  const auto out = testing::compute([](const auto& in) { return prepend_rows(in[0], in[1], in[2]); },
                                    {older, x, testing::ints({0, 3, 5})});
  EXPECT_EQ(values(out[0]), (std::vector<float>{-1, -2, 1, 2, 3, -3, -4, 4, 5, 6}));
  const auto back = testing::compute(
      [](const auto& in) {
        return in[0].graph->template add<PrependRowsGrad>({in[0], in[1]}, 2);
      },
      {out[0], testing::ints({0, 3, 5})});
  EXPECT_EQ(values(back[0]), values(older));
  EXPECT_EQ(values(back[1]), values(x));
}

TEST(PrependRows, RefusesOlderRowsThatSequencesDoNotShareEvenly) {
  Graph graph;
  const Value older = graph.input("older", f32({3, 2})), x = graph.input("x", f32({4, 2}));
  EXPECT_THROW(prepend_rows(older, x, graph.input("offsets", i32({3}))), Error);
  EXPECT_THROW(prepend_rows(graph.input("wide", f32({2, 3})), x, graph.input("offsets", i32({3}))), Error);
}

}  // namespace
}  // namespace frugal

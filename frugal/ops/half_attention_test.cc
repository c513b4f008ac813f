// half_attention against attention's slow twin, with every instruction set that has it, and what it promises
// beyond being near: the same bits alone and in a batch, and float where 16 bits do not reach.
#include "frugal/ops/half_attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "frugal/base/error.h"
#include "frugal/ops/attention_twin.h"

namespace frugal {
namespace {

using namespace testing;

class HalfAttentionTest : public ::testing::TestWithParam<Isa> {
 protected:
  template <class Operation>
  Tensor run(const Problem& p, int threads) const {
    return compute(
        [&](const std::vector<Value>& in) { return in[0].graph->add<Operation>(in, options_of(p.shape)); },
        {p.q, p.k, p.v, ints(p.q_offsets), ints(p.k_offsets)}, Context::make(threads, GetParam()))[0];
  }
  Tensor in_halves(const Problem& p, int threads = 2) const { return run<HalfAttention>(p, threads); }
  Tensor in_float(const Problem& p) const { return run<Attention>(p, 2); }
};

std::vector<Isa> isas_with_halves() {
  std::vector<Isa> isas = supported_isas();
  std::erase_if(isas, [](Isa isa) { return !has_half_attention(isa); });
  return isas;
}
INSTANTIATE_TEST_SUITE_P(Isas, HalfAttentionTest, ::testing::ValuesIn(isas_with_halves()),
                         [](const auto& info) { return std::string(name_of(info.param)); });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(HalfAttentionTest);

const std::vector<Case> kCases{
    {.queries = {33}, .keys = {33}},
    {.queries = {5, 0, 17, 1, 48, 49, 16}, .keys = {5, 0, 17, 1, 48, 49, 16}, .spare = 9},
    {.queries = {7, 3, 0, 20, 1},
     .keys = {0, 19, 5, 130, 64},
     .heads = 3,
     .kv_heads = 3,
     .width = 13,
     .value_width = 13,
     .spare = 2},
    {.queries = {100, 2}, .keys = {260, 23}, .width = 26, .value_width = 26},
    {.queries = {33}, .keys = {129}, .heads = 1, .kv_heads = 1, .width = 64, .value_width = 128},
    {.queries = {65, 31}, .keys = {40, 31}, .heads = 1, .kv_heads = 1, .width = 80, .value_width = 47},
    {.queries = {20, 130}, .keys = {20, 130}, .heads = 6, .kv_heads = 2, .width = 9, .value_width = 5},
    {.queries = {600}, .keys = {600}, .heads = 4, .kv_heads = 4, .scale = 0.6f},
    {.queries = {}, .keys = {}, .spare = 4},
};

TEST_P(HalfAttentionTest, ComesNearTheTwin) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(::testing::Message() << c);
    const Problem problem(c);
    const Tensor out = in_halves(problem);
    const Doubles expected = twin(problem)[0];
    ASSERT_EQ(out.data<float>().size(), expected.size());
    double error = 0, size = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
      const double off = out.data<float>()[i] - expected[i];
      ASSERT_LE(std::abs(off), 0.03) << i;  // values are of size 1, scores of up to 20
      error += off * off;
      size += expected[i] * expected[i];
    }
    EXPECT_LE(std::sqrt(error), 0.006 * std::sqrt(size));
  }
}

// All probabilities are alike and all values too, so every addend is rounded the same way: over 32 keys by
// 0.2 %. A sum of all keys in halves would stop growing at 2048.
TEST_P(HalfAttentionTest, LongSumsLoseNothing) {
  Problem problem({.queries = {64}, .keys = {3000}, .heads = 1, .kv_heads = 1});
  for (float& x : problem.q.data<float>()) x = 0;
  for (float& x : problem.v.data<float>()) x = 0.7001953125f;  // a half
  const Tensor out = in_halves(problem);
  for (float x : out.data<float>()) ASSERT_NEAR(x, 0.7001953125f, 0.0025f);
}

TEST_P(HalfAttentionTest, ASequenceHasTheSameBitsAloneAndInABatch) {
  for (const int queries : {200, 1}) {
    const Case c{
        .queries = {40, 13, queries, 0, 90}, .keys = {40, 13, 170, 8, 90}, .width = 26, .value_width = 26};
    const Problem batch(c);
    const Tensor all = in_halves(batch);
    for (size_t s = 0; s < c.queries.size(); ++s) {
      const Tensor alone = in_halves(batch.only(s), 1);
      EXPECT_TRUE(same_bits(alone.data<float>().data(),
                            all.data<float>().data() + batch.q_offsets[s] * all.dim(1), alone.count()))
          << "sequence " << s;
    }
  }
}

TEST_P(HalfAttentionTest, SameBitsOnAnyNumberOfThreads) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(::testing::Message() << c);
    const Problem problem(c);
    const Tensor expected = in_halves(problem, 1);
    for (int threads : {2, 3, 5})
      EXPECT_TRUE(same_bits(in_halves(problem, threads).data<float>().data(), expected.data<float>().data(),
                            expected.count()));
  }
}

TEST_P(HalfAttentionTest, AFewKeysAreAttendedInFloat) {
  const Problem problem({.queries = {16, 40}, .keys = {16, 3}});
  const Tensor halves = in_halves(problem), floats = in_float(problem);
  EXPECT_TRUE(same_bits(halves.data<float>().data(), floats.data<float>().data(), floats.count()));
}

// A score beyond 65504, a key that halves hold as infinity, and a value that they do.
TEST_P(HalfAttentionTest, AQueryOutOfRangeIsAttendedInFloat) {
  const auto expect_float_row = [this](const Problem& problem, int64_t row) {
    const Tensor halves = in_halves(problem), floats = in_float(problem);
    const int64_t width = floats.dim(1);
    EXPECT_TRUE(same_bits(halves.data<float>().data() + row * width,
                          floats.data<float>().data() + row * width, width))
        << row;
    for (float x : halves.data<float>()) ASSERT_TRUE(std::isfinite(x));
  };
  const Case c{.queries = {140}, .keys = {140}, .heads = 1, .kv_heads = 1};
  for (const int64_t row : {0, 31, 63, 64, 139}) {
    for (const float large : {3e5f, -3e5f}) {
      Problem problem(c);
      for (int64_t d = 0; d < 32; ++d) problem.q.data<float>()[row * 32 + d] = large;
      expect_float_row(problem, row);
    }
    Problem key(c), value(c);
    key.k.data<float>()[row * 32 + 5] = 1e5f;
    value.v.data<float>()[row * 32 + 5] = -1e5f;
    for (int64_t query : {0, 77, 139}) expect_float_row(key, query), expect_float_row(value, query);
  }
}

TEST_P(HalfAttentionTest, ANaNStaysInItsSequence) {
  for (auto Problem::*tensor : {&Problem::q, &Problem::k, &Problem::v}) {
    Problem problem({.queries = {40, 40}, .keys = {40, 40}, .heads = 1, .kv_heads = 1});
    (problem.*tensor).data<float>()[3 * 32] = std::numeric_limits<float>::quiet_NaN();
    const Tensor out = in_halves(problem), expected = in_float(problem);
    for (int64_t i = 0; i < out.count(); ++i)
      ASSERT_EQ(std::isnan(out.data<float>()[i]), std::isnan(expected.data<float>()[i])) << i;
  }
}

// Meant for the address sanitizer: offsets are a run's data.
TEST_P(HalfAttentionTest, WrongOffsetsReachNothingOutside) {
  Random random(4, "offsets");
  const int32_t values[] = {
      -5, 0, 13, 59, 60, 1 << 30, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
  Problem problem({.queries = {20, 9, 30}, .keys = {20, 9, 30}, .heads = 1, .kv_heads = 1});
  for (int trial = 0; trial < 100; ++trial) {
    for (auto* offsets : {&problem.q_offsets, &problem.k_offsets})
      for (int32_t& offset : *offsets) offset = values[random.below(std::size(values))];
    EXPECT_EQ(in_halves(problem, 1).count(), 59 * 32);
  }
}

TEST(HalfAttention, RefusesWhatItCannotDo) {
  Graph graph;
  const Value x = graph.input("x", f32({4, 64})), o = graph.input("o", i32({2}));
  const auto make = [&](AttentionOptions options) {
    return graph.add<HalfAttention>(std::vector<Value>{x, x, x, o, o}, options);
  };
  EXPECT_EQ(make({.heads = 2}).shape(), Shape({4, 64}));
  EXPECT_THROW(make({.heads = 3}), Error);
  EXPECT_THROW(make({.heads = 2, .causal = true}), Error);
  EXPECT_THROW(make({.heads = 2, .dropout = 0.1f}), Error);
}

}  // namespace
}  // namespace frugal

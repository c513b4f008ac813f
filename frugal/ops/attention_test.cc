// attention against a slow twin in double, and what it promises: the same bits in any batch and on any number
// of threads, dropout that the backward pass repeats, and no access outside the tensors.
#include "frugal/ops/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "frugal/base/error.h"
#include "frugal/ops/attention_twin.h"

namespace frugal {
namespace {

using namespace testing;

class AttentionTest : public ::testing::Test {
 protected:
  void TearDown() override { use_isa(isa_from_environment()); }
};

const std::vector<Case> kCases{
    {.queries = {13}, .keys = {13}},
    {.queries = {1}, .keys = {1}, .heads = 1, .kv_heads = 1, .width = 1, .value_width = 1},
    {.queries = {5, 0, 17, 1, 48, 49}, .keys = {5, 0, 17, 1, 48, 49}, .spare = 9},
    {.queries = {7, 3, 0, 20},
     .keys = {0, 19, 5, 130},
     .heads = 3,
     .kv_heads = 3,
     .width = 13,
     .value_width = 13,
     .spare = 2},
    {.queries = {100, 2}, .keys = {260, 3}, .width = 26, .value_width = 26},
    {.queries = {33}, .keys = {129}, .heads = 1, .kv_heads = 1, .width = 64, .value_width = 128},
    {.queries = {16, 31}, .keys = {40, 31}, .heads = 1, .kv_heads = 1, .width = 80, .value_width = 47},
    {.queries = {20, 150, 7, 1}, .keys = {20, 150, 9, 140}, .causal = true, .spare = 3},
    {.queries = {9, 70, 60}, .keys = {4, 3, 0}, .causal = true},  // the first queries see nothing
    {.queries = {20, 130}, .keys = {20, 130}, .heads = 6, .kv_heads = 2, .width = 9, .value_width = 5},
    {.queries = {19, 150}, .keys = {19, 133}, .dropout = 0.1f},
    {.queries = {14, 60},
     .keys = {17, 60},
     .heads = 4,
     .kv_heads = 1,
     .causal = true,
     .dropout = 0.5f,
     .spare = 5},
    {.queries = {50}, .keys = {300}, .scale = 20},  // scores of hundreds
    {.queries = {}, .keys = {}, .spare = 4},
    // Windows shorter and longer than a block of keys, and beyond all keys.
    {.queries = {20, 400}, .keys = {20, 400}, .causal = true, .window = 2},
    {.queries = {3, 700, 61}, .keys = {3, 700, 90}, .causal = true, .spare = 2, .window = 37},
    {.queries = {500, 40}, .keys = {500, 30}, .causal = true, .dropout = 0.1f, .window = 200},
    {.queries = {60, 5}, .keys = {60, 300}, .causal = true, .window = 1000},
    // Biases: positions without gaps and with them, distances within the table and beyond.
    {.queries = {30, 1, 0, 160}, .keys = {30, 1, 4, 160}, .scale = 1, .spare = 3, .max_distance = 300},
    {.queries = {130, 49}, .keys = {130, 49}, .causal = true, .max_distance = 20},
    {.queries = {7, 260}, .keys = {150, 260}, .heads = 4, .max_distance = 2},
    {.queries = {48, 20, 131}, .keys = {48, 20, 131}, .spare = 1, .max_distance = 40, .gaps = true},
    {.queries = {60, 90, 140}, .keys = {200, 30, 140}, .causal = true, .max_distance = 16, .gaps = true},
    {.queries = {150, 33},
     .keys = {150, 33},
     .causal = true,
     .dropout = 0.2f,
     .window = 70,
     .max_distance = 30},
    {.queries = {150},
     .keys = {190},
     .causal = true,
     .dropout = 0.1f,
     .window = 60,
     .max_distance = 9,
     .gaps = true},
};

TEST_F(AttentionTest, MatchesTheTwinOnEveryInstructionSet) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(::testing::Message() << c);
    const Problem problem(c);
    const auto expected = twin(problem);
    for (Isa isa : supported_isas()) {
      SCOPED_TRACE(name_of(isa));
      expect_close(problem.run(Context::make(2, isa)), expected);
    }
  }
}

// The twin's own gradients, by central differences in the only figure they can move: sum(out * out_grad).
TEST_F(AttentionTest, TheTwinsGradientsAreTheSlopesOfItsOutputs) {
  for (const Case& c :
       {Case{.queries = {3, 5}, .keys = {4, 6}, .width = 3, .value_width = 2, .causal = true},
        Case{.queries = {4}, .keys = {9}, .width = 2, .value_width = 3, .dropout = 0.4f},
        Case{.queries = {6}, .keys = {7}, .width = 2, .causal = true, .window = 3},
        Case{.queries = {6, 4}, .keys = {5, 4}, .width = 2, .max_distance = 3, .gaps = true}}) {
    Problem problem(c);
    const auto exact = twin(problem);
    const auto loss = [&] {
      double sum = 0;
      const Doubles out = twin(problem)[0];
      for (size_t i = 0; i < out.size(); ++i) sum += out[i] * problem.out_grad.data<float>()[i];
      return sum;
    };
    std::vector<Tensor*> inputs{&problem.q, &problem.k, &problem.v};
    if (problem.relative()) inputs.push_back(&problem.bias);
    for (size_t t = 0; t < inputs.size(); ++t)
      for (size_t i = 0; i < exact[2 + t].size(); ++i) {
        float& x = inputs[t]->data<float>()[i];
        const float saved = x, high = saved + 0x1p-8f, low = saved - 0x1p-8f;
        x = high;
        const double above = loss();
        x = low;
        const double below = loss();
        x = saved;
        ASSERT_NEAR(exact[2 + t][i], (above - below) / (double{high} - low), 1e-4) << kNames[2 + t] << i;
      }
  }
}

TEST_F(AttentionTest, ASequenceHasTheSameBitsAloneAndInABatch) {
  const Case whole{
      .queries = {40, 13, 200, 0, 90}, .keys = {40, 13, 170, 8, 90}, .width = 26, .value_width = 26};
  Case causal = whole, window = whole, relative = whole, gaps = whole;
  causal.causal = window.causal = true;
  window.window = 50;
  relative.max_distance = gaps.max_distance = 30;
  gaps.gaps = true;
  for (const Case& c : {whole, causal, window, relative, gaps}) {
    SCOPED_TRACE(::testing::Message() << c);
    const Problem batch(c);
    for (Isa isa : supported_isas()) {
      const auto all = batch.run(Context::make(2, isa));
      for (size_t s = 0; s < c.queries.size(); ++s) {
        const Problem alone = batch.only(s);
        const auto results = alone.run(Context::make(1, isa));
        for (size_t r = 0; r < 5; ++r) {  // the bias's gradient is a sum over sequences
          const int64_t first = r < 3 ? batch.q_offsets[s] : batch.k_offsets[s];
          const float* there = all[r].data<float>().data() + first * all[r].dim(1);
          EXPECT_TRUE(same_bits(results[r].data<float>().data(), there, results[r].count()))
              << kNames[r] << " of sequence " << s << " on " << name_of(isa);
        }
      }
    }
  }
}

TEST_F(AttentionTest, SameBitsOnAnyNumberOfThreads) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(::testing::Message() << c);
    const Problem problem(c);
    const auto expected = problem.run(Context::make(1));
    for (int threads : {2, 3, 5}) expect_same_bits(problem.run(Context::make(threads)), expected);
  }
}

// With values that are one-hot, out shows the probabilities themselves.
TEST_F(AttentionTest, DropoutDropsItsShareAndNamesItsNumbers) {
  const int keys = 160;
  Problem problem({.queries = {100, 60}, .keys = {keys, keys}, .value_width = keys, .dropout = 0.3f});
  for (int64_t row = 0; row < problem.v.dim(0); ++row)
    for (int64_t e = 0; e < problem.v.dim(1); ++e)
      problem.v.data<float>()[row * problem.v.dim(1) + e] = e % keys == row % keys;
  const auto masks = [&] {
    std::vector<bool> dropped;
    const Tensor out = problem.run(Context::make(2))[0];
    for (float x : out.data<float>()) dropped.push_back(x == 0);
    return dropped;
  };
  const auto first = masks();
  EXPECT_EQ(masks(), first);
  const double n = static_cast<double>(first.size());
  const auto share = [&](const std::vector<bool>& bits) {
    return static_cast<double>(std::count(bits.begin(), bits.end(), true)) / n;
  };
  const double bound = 4 / std::sqrt(n);  // more than 4 deviations
  EXPECT_NEAR(share(first), 0.3, bound);
  // Independent masks differ in 2 * 0.3 * 0.7 of the places.
  const auto differing = [&](const std::vector<bool>& other, size_t shift) {
    double count = 0;
    for (size_t i = 0; i + shift < first.size(); ++i) count += first[i + shift] != other[i];
    return count / (n - static_cast<double>(shift));
  };
  for (size_t shift : {1, 2, 8, keys, 2 * keys, 200 * keys})  // next key, head, row, sequence
    EXPECT_NEAR(differing(first, shift), 0.42, 1.5 * bound) << shift;
  problem.step = 6;
  EXPECT_NEAR(differing(masks(), 0), 0.42, bound);
  problem.step = 5;
  problem.seed = 12;
  EXPECT_NEAR(differing(masks(), 0), 0.42, bound);
}

// Longer than the stated bound; memory does not grow with it.
TEST_F(AttentionTest, LongSequencesNeedNoMoreScratch) {
  const Problem problem(
      {.queries = {700}, .keys = {1500}, .heads = 1, .kv_heads = 1, .width = 8, .value_width = 8});
  expect_close(problem.run(Context::make(2)), twin(problem));
  const auto scratch = [](int64_t rows) {
    const TensorType x = f32({rows, 64}), o = i32({2});
    const std::vector<TensorType> in{x, x, x, o, o};
    return Attention({.longest = rows}).kernel(Context::make(1), in, {}).scratch_bytes;
  };
  EXPECT_EQ(scratch(8192), scratch(16));
  EXPECT_LT(scratch(8192), 64u << 10);
}

TEST_F(AttentionTest, ANaNStaysInItsSequence) {
  Problem problem({.queries = {20, 20}, .keys = {20, 20}, .heads = 1, .kv_heads = 1});
  problem.k.data<float>()[3 * 32] = std::numeric_limits<float>::quiet_NaN();
  for (Isa isa : supported_isas()) {
    const auto results = problem.run(Context::make(1, isa));
    for (int64_t i = 0; i < results[0].count(); ++i)
      ASSERT_EQ(std::isnan(results[0].data<float>()[i]), i < 20 * 32) << i << " on " << name_of(isa);
    EXPECT_TRUE(std::isnan(results[2].data<float>()[0]));
    EXPECT_FALSE(std::isnan(results[3].data<float>()[20 * 32]));
  }
}

// Meant for the address sanitizer: offsets and positions are a run's data.
TEST_F(AttentionTest, WrongOffsetsReachNothingOutside) {
  Random random(4, "offsets");
  const int32_t values[] = {
      -5, 0, 13, 59, 60, 1 << 30, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
  for (int max_distance : {-1, 6}) {
    Problem problem({.queries = {20, 9, 30},
                     .keys = {20, 9, 30},
                     .heads = 1,
                     .kv_heads = 1,
                     .causal = max_distance >= 0,
                     .window = max_distance >= 0 ? 5 : 0,
                     .max_distance = max_distance});
    for (int trial = 0; trial < 100; ++trial) {
      for (auto* offsets : {&problem.q_offsets, &problem.k_offsets})
        for (int32_t& offset : *offsets) offset = values[random.below(std::size(values))];
      for (auto* positions : {&problem.q_positions, &problem.k_positions})
        if (!positions->empty()) (*positions)[random.below(59)] = values[random.below(std::size(values))];
      EXPECT_EQ(problem.run(Context::make(1))[0].count(), 59 * 32);
    }
  }
}

TEST_F(AttentionTest, RefusesTypesThatDoNotFit) {
  Graph graph;
  const auto value = [&](const char* name, TensorType type) { return graph.input(name, std::move(type)); };
  const Value q = value("q", f32({4, 64})), k = value("k", f32({6, 64})), o = value("o", i32({2}));
  EXPECT_EQ(attention(q, k, k, o, o, {.heads = 2}).shape(), Shape({4, 64}));
  EXPECT_THROW(attention(q, k, k, o, o, {.heads = 3}), Error);
  EXPECT_THROW(attention(q, k, k, o, o, {.heads = 0}), Error);
  EXPECT_THROW(attention(q, k, q, o, o, {.heads = 2}), Error);
  EXPECT_THROW(attention(q, k, k, o, value("o3", i32({3})), {.heads = 2}), Error);
  EXPECT_THROW(attention(q, k, k, q, o, {.heads = 2}), Error);
  EXPECT_THROW(attention(q, k, k, o, o, {.heads = 2, .dropout = 0.1f}), Error);  // no seed
  EXPECT_THROW(attention(q, k, k, o, o, {.heads = 2, .dropout = 1}), Error);
  EXPECT_THROW(attention(q, k, k, o, o, {.heads = 2, .window = 5}), Error);  // not causal
  EXPECT_THROW(attention(q, value("k3", f32({6, 96})), k, o, o, {.heads = 2}), Error);
  EXPECT_THROW(attention(q, value("k0", f32({6, 16})), k, o, o, {.heads = 2}), Error);
}

TEST_F(AttentionTest, WorkCountsEveryPairUpToTheBound) {
  const TensorType x = f32({100, 64}), o = i32({3});
  const std::vector<TensorType> in{x, x, x, o, o};
  EXPECT_EQ(Attention({.heads = 2, .longest = 60}).work(in, {}).flops, 2.0 * 100 * 60 * 2 * 64);
  EXPECT_EQ(Attention({.heads = 2, .causal = true, .longest = 60}).work(in, {}).flops,
            2.0 * 100 * 30.5 * 2 * 64);
  EXPECT_EQ(Attention({.heads = 2, .causal = true, .window = 2, .longest = 4}).work(in, {}).flops,
            2.0 * 100 * (1 + 2 + 2 + 2) / 4 * 2 * 64);
  EXPECT_EQ(AttentionGrad({.heads = 2, .longest = 999}).work(in, {}).flops, 2.0 * 100 * 100 * 5 * 64);
}

TEST_F(AttentionTest, RelativeRefusesTypesThatDoNotFit) {
  Graph graph;
  const auto value = [&](const char* name, TensorType type) { return graph.input(name, std::move(type)); };
  const Value q = value("q", f32({4, 64})), k = value("k", f32({6, 64})), o = value("o", i32({2}));
  const Value bias = value("bias", f32({2, 7})), qp = value("qp", i32({4})), kp = value("kp", i32({6}));
  const auto refused = [&](Value table, Value q_positions, Value k_positions, float scale) {
    EXPECT_THROW(
        relative_attention(q, k, k, o, o, {table, q_positions, k_positions}, {.heads = 2, .scale = scale}),
        Error);
  };
  EXPECT_EQ(relative_attention(q, k, k, o, o, {bias, qp, kp}, {.heads = 2}).shape(), Shape({4, 64}));
  refused(bias, qp, kp, 0);
  refused(bias, kp, qp, 1);
  refused(value("even", f32({2, 6})), qp, kp, 1);
  refused(value("heads", f32({3, 7})), qp, kp, 1);
  refused(o, qp, kp, 1);
}

}  // namespace
}  // namespace frugal

// attention against a slow twin in double, and what it promises: the same bits in any batch and on any number
// of threads, dropout that the backward pass repeats, and no access outside the tensors.
#include "frugal/ops/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "frugal/base/error.h"
#include "frugal/graph/gradient.h"
#include "frugal/ops/testing.h"

namespace frugal {
namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

struct Case {
  std::vector<int> queries, keys;  // of each sequence
  int heads = 2, kv_heads = 2, width = 32, value_width = 32;
  bool causal = false;
  float dropout = 0, scale = 0.2f;
  int spare = 0;  // rows before the first sequence and after the last
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  out << "heads " << c.heads << "/" << c.kv_heads << " of " << c.width << "/" << c.value_width
      << (c.causal ? ", causal" : "") << ", dropout " << c.dropout << ", lengths";
  for (size_t s = 0; s < c.queries.size(); ++s) out << " " << c.queries[s] << ":" << c.keys[s];
  return out;
}

std::vector<int32_t> offsets_of(const std::vector<int>& lengths, int first) {
  std::vector<int32_t> offsets{first};
  for (int length : lengths) offsets.push_back(offsets.back() + length);
  return offsets;
}

AttentionOptions options_of(const Case& c) {
  return {.heads = c.heads,
          .scale = c.scale,
          .causal = c.causal,
          .dropout = c.dropout,
          .site = 0x123456789abcdefu,
          .longest = 16};
}

struct Problem {
  explicit Problem(const Case& c, uint64_t seed = 1) : shape(c), q_offsets(offsets_of(c.queries, c.spare)) {
    k_offsets = offsets_of(c.keys, c.spare);
    Random random(seed, "attention");
    const int64_t rows = q_offsets.back() + c.spare, key_rows = k_offsets.back() + c.spare;
    q = testing::normal({rows, c.heads * c.width}, random);
    k = testing::normal({key_rows, c.kv_heads * c.width}, random);
    v = testing::normal({key_rows, c.kv_heads * c.value_width}, random);
    out_grad = testing::normal({rows, c.heads * c.value_width}, random);
  }
  // out, lse, and the gradients of q, k and v.
  std::vector<Tensor> run(const Context& context) const {
    std::vector<Tensor> inputs{q, k, v, testing::ints(q_offsets), testing::ints(k_offsets)};
    if (shape.dropout > 0) inputs.push_back(Tensor::of<int64_t>({2}, std::vector<int64_t>{seed, step}));
    const AttentionOptions options = options_of(shape);
    auto results = testing::compute(
        [&](const std::vector<Value>& in) {
          return attention(in[0], in[1], in[2], in[3], in[4], options, in.size() > 5 ? in[5] : Value{});
        },
        inputs, context);
    inputs.insert(inputs.end(), {results[0], results[1], out_grad});
    const auto gradients = testing::compute(
        [&](const std::vector<Value>& in) { return in[0].graph->add<AttentionGrad>(in, options); }, inputs,
        context);
    results.insert(results.end(), gradients.begin(), gradients.end());
    return results;
  }

  Case shape;
  std::vector<int32_t> q_offsets, k_offsets;
  Tensor q, k, v, out_grad;
  int64_t seed = 11, step = 5;
};

// 0 or 1 / (1 - dropout), from the scalar Philox.
double kept(const Problem& p, int64_t row, int64_t head, int64_t key) {
  const uint32_t threshold = static_cast<uint32_t>(std::lround(p.shape.dropout * 65536.0));
  if (threshold == 0) return 1;
  const auto name =
      philox(static_cast<uint64_t>(p.seed), static_cast<uint64_t>(p.step), options_of(p.shape).site);
  const uint64_t counter = static_cast<uint64_t>(row) | static_cast<uint64_t>(head) << 32;
  const auto bits = philox(name[0] | uint64_t{name[1]} << 32, static_cast<uint64_t>(key / 8), counter);
  const uint32_t mine = bits[key % 8 / 2] >> (16 * (key % 2)) & 0xFFFF;
  return mine < threshold ? 0 : 65536.0 / (65536 - threshold);
}

using Doubles = std::vector<double>;

// The definition, one query at a time. Writes results like Problem::run.
std::vector<Doubles> twin(const Problem& p) {
  const Case& c = p.shape;
  const auto q = p.q.data<float>(), k = p.k.data<float>(), v = p.v.data<float>(),
             g = p.out_grad.data<float>();
  Doubles out(g.size()), lse(p.q.dim(0) * c.heads, kMinusInfinity), dq(q.size()), dk(k.size()), dv(v.size());
  for (size_t s = 0; s < c.queries.size(); ++s)
    for (int h = 0; h < c.heads; ++h)
      for (int i = 0; i < c.queries[s]; ++i) {
        const int64_t row = p.q_offsets[s] + i, kv = h / (c.heads / c.kv_heads);
        const int seen = c.causal ? std::min(c.keys[s], i + 1 + c.keys[s] - c.queries[s]) : c.keys[s];
        if (seen <= 0) continue;
        const auto q_at = (row * c.heads + h) * c.width, out_at = (row * c.heads + h) * c.value_width;
        const auto key_at = [&](int j) { return ((p.k_offsets[s] + j) * c.kv_heads + kv) * c.width; };
        const auto value_at = [&](int j) { return ((p.k_offsets[s] + j) * c.kv_heads + kv) * c.value_width; };
        Doubles weight(seen), rise(seen);
        double max = kMinusInfinity, sum = 0, delta = 0;
        for (int j = 0; j < seen; ++j) {
          for (int d = 0; d < c.width; ++d) weight[j] += double{q[q_at + d]} * k[key_at(j) + d];
          max = std::max(max, weight[j] *= c.scale);
        }
        for (double& w : weight) sum += w = std::exp(w - max);
        lse[row * c.heads + h] = max + std::log(sum);
        for (int j = 0; j < seen; ++j) {
          weight[j] /= sum;
          const double m = kept(p, row, h, j);
          for (int e = 0; e < c.value_width; ++e) {
            out[out_at + e] += weight[j] * m * v[value_at(j) + e];
            rise[j] += m * g[out_at + e] * v[value_at(j) + e];
            dv[value_at(j) + e] += weight[j] * m * g[out_at + e];
          }
          delta += weight[j] * rise[j];
        }
        for (int j = 0; j < seen; ++j)
          for (int d = 0; d < c.width; ++d) {
            const double slope = c.scale * weight[j] * (rise[j] - delta);
            dq[q_at + d] += slope * k[key_at(j) + d];
            dk[key_at(j) + d] += slope * q[q_at + d];
          }
      }
  return {out, lse, dq, dk, dv};
}

constexpr const char* kNames[] = {"out", "lse", "q's gradient", "k's gradient", "v's gradient"};

void expect_close(const std::vector<Tensor>& actual, const std::vector<Doubles>& expected) {
  const auto largest = [](const Doubles& numbers) {
    double most = 0;
    for (double x : numbers) most = std::max(most, std::isfinite(x) ? std::abs(x) : 0);
    return most;
  };
  // A score of size s is rounded by s 2^-24, and so is the logarithm of every probability.
  const double relative = 1e-5 + 1e-7 * largest(expected[1]);
  for (size_t r = 0; r < expected.size(); ++r) {
    const auto got = actual[r].data<float>();
    ASSERT_EQ(got.size(), expected[r].size());
    const double bound = 1e-6 + relative * largest(expected[r]);
    for (size_t i = 0; i < got.size(); ++i) {
      if (got[i] == expected[r][i]) continue;  // both -infinity
      ASSERT_NEAR(got[i], expected[r][i], bound) << kNames[r] << " " << i;
    }
  }
}

bool same_bits(const float* a, const float* b, int64_t count) {
  return std::memcmp(a, b, static_cast<size_t>(count) * sizeof(float)) == 0;
}

void expect_same_bits(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  for (size_t r = 0; r < a.size(); ++r)
    EXPECT_TRUE(same_bits(a[r].data<float>().data(), b[r].data<float>().data(), a[r].count())) << kNames[r];
}

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
  for (const Case& c : {Case{.queries = {3, 5}, .keys = {4, 6}, .width = 3, .value_width = 2, .causal = true},
                        Case{.queries = {4}, .keys = {9}, .width = 2, .value_width = 3, .dropout = 0.4f}}) {
    Problem problem(c);
    const auto exact = twin(problem);
    const auto loss = [&] {
      double sum = 0;
      const Doubles out = twin(problem)[0];
      for (size_t i = 0; i < out.size(); ++i) sum += out[i] * problem.out_grad.data<float>()[i];
      return sum;
    };
    Tensor* inputs[] = {&problem.q, &problem.k, &problem.v};
    for (int t = 0; t < 3; ++t)
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
  for (bool causal : {false, true}) {
    const Case c{.queries = {40, 13, 200, 0, 90},
                 .keys = {40, 13, 170, 8, 90},
                 .width = 26,
                 .value_width = 26,
                 .causal = causal};
    const Problem batch(c);
    for (Isa isa : supported_isas()) {
      const auto all = batch.run(Context::make(2, isa));
      for (size_t s = 0; s < c.queries.size(); ++s) {
        Case one = c;
        one.queries = {c.queries[s]};
        one.keys = {c.keys[s]};
        Problem alone(one);
        const auto copy = [&](Tensor& to, const Tensor& from, int64_t first) {
          std::copy_n(from.data<float>().data() + first * from.dim(1), to.count(), to.data<float>().data());
        };
        copy(alone.q, batch.q, batch.q_offsets[s]);
        copy(alone.k, batch.k, batch.k_offsets[s]);
        copy(alone.v, batch.v, batch.k_offsets[s]);
        copy(alone.out_grad, batch.out_grad, batch.q_offsets[s]);
        const auto results = alone.run(Context::make(1, isa));
        for (size_t r = 0; r < results.size(); ++r) {
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

// Meant for the address sanitizer: offsets are a run's data.
TEST_F(AttentionTest, WrongOffsetsReachNothingOutside) {
  Random random(4, "offsets");
  Problem problem({.queries = {20, 9, 30}, .keys = {20, 9, 30}, .heads = 1, .kv_heads = 1});
  const int32_t values[] = {
      -5, 0, 13, 59, 60, 1 << 30, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
  for (int trial = 0; trial < 100; ++trial) {
    for (auto* offsets : {&problem.q_offsets, &problem.k_offsets})
      for (int32_t& offset : *offsets) offset = values[random.below(std::size(values))];
    EXPECT_EQ(problem.run(Context::make(1))[0].count(), 59 * 32);
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
  EXPECT_THROW(attention(q, value("k3", f32({6, 96})), k, o, o, {.heads = 2}), Error);
  EXPECT_THROW(attention(q, value("k0", f32({6, 16})), k, o, o, {.heads = 2}), Error);
}

TEST_F(AttentionTest, WorkCountsEveryPairUpToTheBound) {
  const TensorType x = f32({100, 64}), o = i32({3});
  const std::vector<TensorType> in{x, x, x, o, o};
  EXPECT_EQ(Attention({.heads = 2, .longest = 60}).work(in, {}).flops, 2.0 * 100 * 60 * 2 * 64);
  EXPECT_EQ(AttentionGrad({.heads = 2, .longest = 999}).work(in, {}).flops, 2.0 * 100 * 100 * 5 * 64);
}

}  // namespace
}  // namespace frugal

// local_attention and lsh_attention against slow twins in double that follow the paper and the reference step
// by step, padding included; what they become with one chunk or one bucket; and what they promise.
#include "frugal/ops/chunk_attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "frugal/base/checked.h"
#include "frugal/graph/gradient.h"
#include "frugal/ops/attention.h"
#include "frugal/ops/local_attention.h"
#include "frugal/ops/lsh_attention.h"
#include "frugal/ops/lsh_hash.h"
#include "frugal/ops/testing.h"

namespace frugal {
namespace {

using Doubles = std::vector<double>;

struct Case {
  std::vector<int> lengths{};
  std::vector<int> extents{};  // empty: the lengths
  int chunk = 4, before = 1, after = 0;
  bool causal = false;
  int rounds = 0;  // 0: local
  std::vector<int64_t> factors{4};
  int heads = 2, width = 5, value_width = 3, multiple = 0, shortest = 0;
  float dropout = 0;
  bool holes = false;  // local: every third position has no row
};

ChunkOptions options_of(const Case& c) {
  ChunkOptions o;
  o.heads = c.heads;
  o.scale = 0.7f;
  o.chunk = c.chunk;
  o.before = c.before;
  o.after = c.after;
  o.multiple = c.multiple ? c.multiple : c.chunk;
  o.shortest = c.shortest ? c.shortest : c.chunk;
  o.causal = c.causal;
  o.dropout = c.dropout;
  o.site = 0x123456789abcdefu;
  return o;
}

struct Problem {
  explicit Problem(const Case& c, uint64_t seed = 1, int spare = 2) : shape(c), offsets{spare} {
    for (int length : c.lengths) offsets.push_back(offsets.back() + length);
    extents.assign(c.extents.begin(), c.extents.end());
    if (extents.empty()) extents.assign(c.lengths.begin(), c.lengths.end());
    const int64_t rows = offsets.back() + spare;
    columns.assign(rows, -1);
    for (size_t s = 0; s < c.lengths.size(); ++s) {
      for (int i = 0; i < c.lengths[s]; ++i) columns[offsets[s] + i] = c.holes ? i + i / 2 : i;
      if (c.holes && c.lengths[s]) extents[s] = std::max(extents[s], columns[offsets[s + 1] - 1] + 1);
    }
    Random random(seed, "chunks");
    q = testing::normal({rows, c.heads * c.width}, random);
    k = testing::normal({rows, c.heads * c.width}, random);
    v = testing::normal({rows, c.heads * c.value_width}, random);
    g = testing::normal({rows, c.heads * c.value_width}, random);
    hash = {options_of(c), c.factors, rows};
    rotations = testing::normal({c.heads, c.width, std::max(1, c.rounds), rotation_columns(hash)}, random);
  }

  // out and the gradients of q, k and v, and what lsh_hash gave.
  std::vector<Tensor> run(const Context& context = Context::make(2)) const {
    std::vector<Tensor> places{Tensor::of<int32_t>({static_cast<int64_t>(columns.size())}, columns)};
    if (shape.rounds > 0)
      places = testing::compute(
          [&](const std::vector<Value>& in) { return lsh_hash(in[0], in[1], in[2], in[3], hash); },
          {q, rotations, testing::ints(offsets), testing::ints(extents)}, context);
    std::vector<Tensor> inputs{q, k, v, places[0], testing::ints(offsets), testing::ints(extents)};
    if (shape.dropout > 0) inputs.push_back(Tensor::of<int64_t>({2}, std::vector<int64_t>{11, 5}));
    const ChunkOptions options = options_of(shape);
    const auto results = testing::compute(
        [&](const std::vector<Value>& in) {
          const Value random = in.size() > 6 ? in[6] : Value{};
          return shape.rounds > 0
                     ? lsh_attention(in[0], in[1], in[2], in[3], in[4], in[5], options, random)
                     : local_attention(in[0], in[1], in[2], in[3], in[4], in[5], options, random);
        },
        inputs, context);
    inputs.insert(inputs.end(), {results[0], results[1], results[2], g});
    const auto gradients = testing::compute(
        [&](const std::vector<Value>& in) {
          return shape.rounds > 0 ? in[0].graph->add<LshAttentionGrad>(in, options, shape.rounds)
                                  : in[0].graph->add<LocalAttentionGrad>(in, options);
        },
        inputs, context);
    std::vector<Tensor> all{results[0], gradients[0], gradients[1], gradients[2]};
    all.insert(all.end(), places.begin(), places.end());
    return all;
  }

  Case shape;
  std::vector<int32_t> offsets, extents, columns;
  Tensor q, k, v, g, rotations;
  HashOptions hash;
};

// Positions of a sequence as the reference sees them: its extent rounded up, -1 where there is no row.
std::vector<int> padded(const Problem& p, size_t s) {
  const Case& c = p.shape;
  const ChunkOptions o = options_of(c);
  int64_t length = std::max<int64_t>(p.extents[s], c.lengths[s]);
  if (length > o.shortest) length = round_up(length, o.multiple);
  std::vector<int> rows(length, -1);
  for (int i = 0; i < c.lengths[s]; ++i)
    rows[c.rounds > 0 ? i : p.columns[p.offsets[s] + i]] = p.offsets[s] + i;
  return rows;
}

int bucket_of(const Problem& p, int row, int h, int round, const std::vector<int64_t>& factors) {
  const int64_t columns = p.rotations.dim(3);
  int bucket = 0, scale = 1;
  int64_t first = 0;
  for (int64_t factor : factors) {
    Doubles rotated;
    for (int64_t j = 0; j < factor / 2; ++j) {
      double sum = 0;
      for (int d = 0; d < p.shape.width; ++d)
        sum += double{p.q.data<float>()[(row * p.shape.heads + h) * p.shape.width + d]} *
               p.rotations
                   .data<float>()[((h * p.shape.width + d) * p.shape.rounds + round) * columns + first + j];
      rotated.push_back(sum);
    }
    for (int64_t j = 0; j < factor / 2; ++j) rotated.push_back(-rotated[j]);
    bucket += scale * static_cast<int>(std::max_element(rotated.begin(), rotated.end()) - rotated.begin());
    scale *= static_cast<int>(factor);
    first += factor / 2;
  }
  return bucket;
}

// For each round, the positions in sorted order; positions without a row last.
std::vector<std::vector<int>> sorted_rounds(const Problem& p, const std::vector<int>& rows, int h) {
  std::vector<int> order(rows.size());
  std::iota(order.begin(), order.end(), 0);
  if (p.shape.rounds == 0 || static_cast<int>(rows.size()) <= p.shape.chunk) return {order};
  std::vector<std::vector<int>> rounds;
  const auto factors = bucket_factors(p.hash, static_cast<int64_t>(rows.size()) / p.shape.chunk);
  for (int r = 0; r < p.shape.rounds; ++r) {
    std::vector<int> bucket;
    for (int row : rows) bucket.push_back(row < 0 ? 1 << 20 : bucket_of(p, row, h, r, factors));
    rounds.push_back(order);
    std::ranges::stable_sort(rounds.back(), {}, [&](int i) { return bucket[i]; });
  }
  return rounds;
}

// For each round, which positions each position sees, in the reference's order; a lone chunk sees itself.
using Seen = std::vector<std::vector<int>>;
std::vector<Seen> windows(const Case& c, const std::vector<std::vector<int>>& rounds) {
  std::vector<int> ring;
  for (const auto& order : rounds) ring.insert(ring.end(), order.begin(), order.end());
  const int length = static_cast<int>(rounds[0].size()), chunks = static_cast<int>(ring.size()) / c.chunk;
  std::vector<Seen> seen(rounds.size(), Seen(length));
  if (length <= c.chunk) {
    for (auto& keys : seen[0]) keys = ring;
    return seen;
  }
  for (size_t i = 0; i < ring.size(); ++i)
    for (int away = -c.before; away <= c.after; ++away) {
      const int chunk = static_cast<int>(i) / c.chunk + (std::abs(away) > chunks ? 0 : away);
      for (int j = 0; j < c.chunk; ++j)
        seen[i / length][ring[i]].push_back(ring[((chunk + chunks) % chunks) * c.chunk + j]);
    }
  return seen;
}

// out and the gradients of q, k and v by the definition.
std::vector<Doubles> twin(const Problem& p) {
  const Case& c = p.shape;
  const auto q = p.q.data<float>(), k = p.k.data<float>(), v = p.v.data<float>(), g = p.g.data<float>();
  Doubles out(v.size()), dq(q.size()), dk(k.size()), dv(v.size());
  for (size_t s = 0; s < c.lengths.size(); ++s)
    for (int h = 0; h < c.heads; ++h) {
      const std::vector<int> rows = padded(p, s);
      const std::vector<Seen> seen = windows(c, sorted_rounds(p, rows, h));
      for (size_t i = 0; i < rows.size(); ++i) {
        if (rows[i] < 0) continue;
        const auto at = [&](int row, int width, int d) { return (row * c.heads + h) * width + d; };
        // The rounds, each a softmax, summed with weights by their log-sum-exp.
        std::vector<std::vector<int>> keys;
        std::vector<Doubles> probability, score;
        Doubles lse;
        for (const Seen& round : seen) {
          keys.push_back(round[i]);
          Doubles dots;
          for (int j : round[i]) {
            double dot = 0;
            if (rows[j] >= 0)
              for (int d = 0; d < c.width; ++d)
                dot += double{q[at(rows[i], c.width, d)]} * k[at(rows[j], c.width, d)];
            dot *= double{0.7f};
            if (rows[j] < 0 || (c.causal && j > static_cast<int>(i))) dot = -1e9;
            if (c.rounds > 0 && j == static_cast<int>(i)) dot = -1e5;
            dots.push_back(dot);
          }
          const double max = *std::ranges::max_element(dots);
          double sum = 0;
          for (double dot : dots) sum += std::exp(dot - max);
          // Of one that sees nothing but itself: float32 keeps seven bits of the logarithm beside -1e5.
          lse.push_back(max == -1e5 ? static_cast<float>(max) + static_cast<float>(std::log(sum))
                                    : max + std::log(sum));
          probability.emplace_back();
          for (double dot : dots) probability.back().push_back(std::exp(dot - lse.back()));
          score.push_back(dots);
          if (static_cast<int>(rows.size()) <= c.chunk) break;
        }
        const double most = *std::ranges::max_element(lse);
        double all = 0;
        for (double l : lse) all += std::exp(l - most);
        const bool alone = most < -5e4;
        const float rounded = static_cast<float>(most) + static_cast<float>(std::log(all));
        double delta = 0;
        for (int pass : {0, 1})
          for (size_t r = 0; r < lse.size(); ++r)
            for (size_t n = 0; n < keys[r].size(); ++n) {
              const int row = rows[keys[r][n]];
              if (row < 0) continue;
              double weight = probability[r][n] * std::exp(lse[r] - most) / all;
              if (alone) weight = score[r][n] == -1e5 ? std::exp(-1e5 - double{rounded}) : 0;
              double rise = 0;
              for (int e = 0; e < c.value_width; ++e)
                rise += double{g[at(rows[i], c.value_width, e)]} * v[at(row, c.value_width, e)];
              if (pass == 0) {
                delta += weight * rise;
                for (int e = 0; e < c.value_width; ++e) {
                  out[at(rows[i], c.value_width, e)] += weight * v[at(row, c.value_width, e)];
                  dv[at(row, c.value_width, e)] += weight * g[at(rows[i], c.value_width, e)];
                }
                continue;
              }
              if (score[r][n] == -1e9 || score[r][n] == -1e5) continue;  // constants have no gradient
              const double slope = double{0.7f} * weight * (rise - delta);
              for (int d = 0; d < c.width; ++d) {
                dq[at(rows[i], c.width, d)] += slope * k[at(row, c.width, d)];
                dk[at(row, c.width, d)] += slope * q[at(rows[i], c.width, d)];
              }
            }
      }
    }
  return {out, dq, dk, dv};
}

constexpr const char* kNames[] = {"out", "q's gradient", "k's gradient", "v's gradient"};

void expect_twin(const Case& c) {
  const Problem p(c);
  const std::vector<Tensor> actual = p.run();
  const std::vector<Doubles> expected = twin(p);
  for (int t = 0; t < 4; ++t) {
    double largest = 1e-3;
    for (double x : expected[t]) largest = std::max(largest, std::abs(x));
    for (size_t i = 0; i < expected[t].size(); ++i)
      ASSERT_NEAR(expected[t][i], actual[t].data<float>()[i], 3e-6 * largest)
          << kNames[t] << ", element " << i;
  }
}

TEST(LocalAttention, EqualsItsSlowTwin) {
  expect_twin({.lengths = {13, 4, 1, 0, 8}});
  expect_twin({.lengths = {13, 4, 5, 8}, .before = 0});
  expect_twin({.lengths = {30, 9}, .before = 1, .after = 1});
  expect_twin({.lengths = {30, 9, 3}, .before = 3, .after = 2});
  expect_twin({.lengths = {13, 7, 8}, .causal = true});
  expect_twin({.lengths = {13, 7}, .extents = {40, 8}});
  expect_twin({.lengths = {300, 5}, .chunk = 100, .after = 1, .width = 17, .value_width = 20});
  expect_twin({.lengths = {300, 5}, .chunk = 100, .causal = true, .heads = 1, .width = 64});
  expect_twin({.lengths = {22, 9}, .multiple = 12, .shortest = 3});
  expect_twin({.lengths = {22, 9, 5}, .causal = true, .holes = true});
}

TEST(LshAttention, EqualsItsSlowTwin) {
  for (bool causal : {false, true})
    for (int rounds : {1, 2, 5}) {
      expect_twin({.lengths = {13, 4, 1, 0, 8}, .causal = causal, .rounds = rounds});
      expect_twin({.lengths = {13, 4, 5, 8}, .before = 0, .causal = causal, .rounds = rounds});
      expect_twin({.lengths = {30, 9}, .before = 1, .after = 1, .causal = causal, .rounds = rounds});
      expect_twin({.lengths = {30, 9}, .before = 3, .causal = causal, .rounds = rounds, .factors = {2, 4}});
      expect_twin({.lengths = {13, 7}, .extents = {40, 8}, .causal = causal, .rounds = rounds});
      expect_twin({.lengths = {22, 9}, .causal = causal, .rounds = rounds, .multiple = 12, .shortest = 3});
      expect_twin({.lengths = {50, 70, 9}, .causal = causal, .rounds = rounds, .factors = {}});
      expect_twin({.lengths = {300, 5}, .chunk = 60, .causal = causal, .rounds = rounds, .width = 17});
    }
}

// Queries and keys from one vector, each seeing all others but not itself.
TEST(LshAttention, OneChunkOrOneBucketIsFullAttentionWithoutSelf) {
  for (bool causal : {false, true})
    for (int chunk : {24, 12}) {
      const Case c{.lengths = {24}, .chunk = chunk, .causal = causal, .rounds = 1, .factors = {2}};
      Problem p(c);
      std::ranges::fill(p.rotations.data<float>(), 0.0f);  // all ties: bucket 0
      const Tensor out = p.run()[0];
      for (int h = 0; h < c.heads; ++h)
        for (int i = 0; i < 24; ++i) {
          const auto at = [&](int j, int width) { return ((p.offsets[0] + j) * c.heads + h) * width; };
          Doubles weight(24), expected(c.value_width);
          double sum = 0;
          for (int j = 0; j < 24; ++j) {
            if (j == i || (causal && j > i)) continue;
            double dot = 0;
            for (int d = 0; d < c.width; ++d)
              dot += double{p.q.data<float>()[at(i, c.width) + d]} * p.k.data<float>()[at(j, c.width) + d];
            sum += weight[j] = std::exp(0.7 * dot);
          }
          if (sum == 0) sum = weight[i] = 1;  // nothing else: itself
          for (int j = 0; j < 24; ++j)
            for (int e = 0; e < c.value_width; ++e)
              expected[e] += weight[j] / sum * p.v.data<float>()[at(j, c.value_width) + e];
          for (int e = 0; e < c.value_width; ++e)
            ASSERT_NEAR(expected[e], out.data<float>()[at(i, c.value_width) + e], 2e-6) << i;
        }
    }
}

TEST(LocalAttention, OneChunkIsFullAttention) {
  for (bool causal : {false, true}) {
    const Problem p({.lengths = {60, 1, 100, 17}, .chunk = 100, .causal = causal, .width = 32});
    AttentionOptions options{.heads = 2, .scale = 0.7f, .causal = causal, .longest = 100};
    const Tensor full = testing::compute(
        [&](const std::vector<Value>& in) { return attention(in[0], in[1], in[2], in[3], in[3], options); },
        {p.q, p.k, p.v, testing::ints(p.offsets)})[0];
    const Tensor local = p.run()[0];
    for (int64_t i = 0; i < full.count(); ++i)
      ASSERT_NEAR(full.data<float>()[i], local.data<float>()[i], 1e-6) << i;
  }
}

TEST(ChunkAttention, ASequenceHasTheSameBitsAloneAndInABatch) {
  for (int rounds : {0, 3}) {
    Case c{.lengths = {30, 130, 3, 65}, .chunk = 16, .rounds = rounds, .width = 16, .value_width = 24};
    const Problem batch(c);
    const auto together = batch.run();
    for (size_t s = 0; s < c.lengths.size(); ++s) {
      Problem alone(
          {.lengths = {c.lengths[s]}, .chunk = 16, .rounds = rounds, .width = 16, .value_width = 24});
      alone.rotations = batch.rotations;
      const auto take = [&](const Tensor& from, const Tensor& to) {
        Tensor copy = to.clone();
        const int64_t width = from.dim(1);
        std::memcpy(copy.data<float>().data() + 2 * width,
                    from.data<float>().data() + batch.offsets[s] * width,
                    c.lengths[s] * width * sizeof(float));
        return copy;
      };
      alone.q = take(batch.q, alone.q), alone.k = take(batch.k, alone.k);
      alone.v = take(batch.v, alone.v), alone.g = take(batch.g, alone.g);
      const auto single = alone.run();
      for (int t = 0; t < 4; ++t) {
        const int64_t width = single[t].dim(1);
        EXPECT_EQ(0, std::memcmp(single[t].data<float>().data() + 2 * width,
                                 together[t].data<float>().data() + batch.offsets[s] * width,
                                 c.lengths[s] * width * sizeof(float)))
            << kNames[t] << " of sequence " << s << ", " << rounds << " rounds";
      }
    }
  }
}

// With what was dropped fixed, out is linear in v: out . g = v . v's gradient. And about p of it is dropped.
TEST(ChunkAttention, TheBackwardPassRepeatsTheDropout) {
  for (int rounds : {0, 3}) {
    const Problem p({.lengths = {300, 70}, .chunk = 60, .rounds = rounds, .dropout = 0.4f});
    const auto dropped = p.run();
    double forward = 0, backward = 0, size = 0;
    for (int64_t i = 0; i < p.g.count(); ++i) {
      forward += double{dropped[0].data<float>()[i]} * p.g.data<float>()[i];
      backward += double{dropped[3].data<float>()[i]} * p.v.data<float>()[i];
      size += std::abs(double{dropped[0].data<float>()[i]} * p.g.data<float>()[i]);
    }
    EXPECT_NEAR(forward, backward, 1e-5 * size);
    Problem ones = p;
    std::ranges::fill(ones.v.data<float>(), 1.0f);
    const Tensor kept = ones.run()[0];
    double mean = 0, spread = 0;
    for (int i = 2; i < 372; ++i) mean += kept.data<float>()[i * kept.dim(1)] / 370.0;
    for (int i = 2; i < 372; ++i) spread += std::abs(kept.data<float>()[i * kept.dim(1)] - 1) / 370.0;
    EXPECT_NEAR(1, mean, 0.03);
    EXPECT_GT(spread, 0.02);
  }
}

// q's gradient under dropout, by differences.
TEST(ChunkAttention, ScoresHaveTheirGradientUnderDropout) {
  for (int rounds : {0, 2}) {
    Problem p({.lengths = {19}, .rounds = rounds, .heads = 1, .dropout = 0.3f});
    const auto at = p.run();
    const Tensor k = p.k.clone();
    const auto value = [&](int64_t i, float step) {
      p.k = k.clone();
      p.k.data<float>()[i] += step;
      const Tensor out = p.run()[0];
      double sum = 0;
      for (int64_t j = 0; j < out.count(); ++j) sum += double{out.data<float>()[j]} * p.g.data<float>()[j];
      return sum;
    };
    for (int64_t i = 10; i < k.count() - 10; i += 7)
      EXPECT_NEAR(at[2].data<float>()[i], (value(i, 0.01f) - value(i, -0.01f)) / 0.02, 2e-3) << i;
  }
}

// Scratch and results grow with the rows, whatever the length of a sequence.
TEST(ChunkAttention, MemoryIsLinearInTheLength) {
  const ChunkOptions options = options_of({.chunk = 64});
  size_t scratch[2], results[2];
  for (int i : {0, 1}) {
    const int64_t rows = i == 0 ? 1024 : 65536;
    std::vector<TensorType> in{f32({rows, 128}),   f32({rows, 128}), f32({rows, 128}),
                               i32({2 * 3, rows}), i32({2}),         i32({1})};
    const LshAttention op(options, 3);
    const auto out = op.infer(in);
    scratch[i] = op.kernel(Context::make(1), in, out).scratch_bytes;
    results[i] = out[0].byte_count() + out[1].byte_count() + out[2].byte_count();
  }
  EXPECT_EQ(scratch[0], scratch[1]);
  EXPECT_EQ(64 * results[0], results[1]);
}

}  // namespace
}  // namespace frugal

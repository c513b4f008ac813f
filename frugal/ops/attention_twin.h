// For tests of attention: random problems, and the slow twin, which is the definition in double.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "frugal/ops/relative_attention.h"
#include "frugal/ops/testing.h"

namespace frugal::testing {

inline constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

struct Case {
  std::vector<int> queries, keys;  // of each sequence
  int heads = 2, kv_heads = 2, width = 32, value_width = 32;
  bool causal = false;
  float dropout = 0, scale = 0.2f;
  int spare = 0;  // rows before the first sequence and after the last
  int window = 0;
  int max_distance = -1;  // of the relative bias; -1: none
  bool gaps = false;      // between positions
};

inline std::ostream& operator<<(std::ostream& out, const Case& c) {
  out << "heads " << c.heads << "/" << c.kv_heads << " of " << c.width << "/" << c.value_width
      << (c.causal ? ", causal" : "") << ", dropout " << c.dropout << ", window " << c.window << ", bias to "
      << c.max_distance << (c.gaps ? " with gaps" : "") << ", lengths";
  for (size_t s = 0; s < c.queries.size(); ++s) out << " " << c.queries[s] << ":" << c.keys[s];
  return out;
}

inline std::vector<int32_t> offsets_of(const std::vector<int>& lengths, int first) {
  std::vector<int32_t> offsets{first};
  for (int length : lengths) offsets.push_back(offsets.back() + length);
  return offsets;
}

inline AttentionOptions options_of(const Case& c) {
  return {.heads = c.heads,
          .scale = c.scale,
          .causal = c.causal,
          .window = c.window,
          .dropout = c.dropout,
          .site = 0x123456789abcdefu,
          .longest = 16};
}

struct Problem {
  explicit Problem(const Case& c, uint64_t seed = 1) : shape(c), q_offsets(offsets_of(c.queries, c.spare)) {
    k_offsets = offsets_of(c.keys, c.spare);
    Random random(seed, "attention");
    const int64_t rows = q_offsets.back() + c.spare, key_rows = k_offsets.back() + c.spare;
    q = normal({rows, c.heads * c.width}, random);
    k = normal({key_rows, c.kv_heads * c.width}, random);
    v = normal({key_rows, c.kv_heads * c.value_width}, random);
    out_grad = normal({rows, c.heads * c.value_width}, random);
    if (c.max_distance < 0) return;
    bias = normal({c.heads, 2 * c.max_distance + 1}, random);
    q_positions.resize(rows);
    k_positions.resize(key_rows);
    for (size_t s = 0; s < c.queries.size(); ++s) {
      const int queries = c.queries[s], keys = c.keys[s], first = static_cast<int>(random.below(9));
      const auto place = [&](int32_t* positions, int count, int at) {
        for (int i = 0; i < count; ++i, ++at)
          positions[i] = c.gaps ? at += static_cast<int>(random.below(4)) : at;
      };
      place(k_positions.data() + k_offsets[s], keys, first + std::max(0, queries - keys));
      place(q_positions.data() + q_offsets[s], queries, first + std::max(0, keys - queries));
      if (queries == keys)
        std::copy_n(k_positions.data() + k_offsets[s], keys, q_positions.data() + q_offsets[s]);
    }
  }
  // Sequence s alone.
  Problem only(size_t s) const {
    Case one = shape;
    one.queries = {shape.queries[s]};
    one.keys = {shape.keys[s]};
    one.spare = 0;
    Problem alone(one);
    const auto part = [](auto& to, const auto& from, int64_t first, int64_t width) {
      std::copy_n(from.begin() + first * width, to.size(), to.begin());
    };
    const auto rows = [&](Tensor& to, const Tensor& from, int64_t first) {
      auto out = to.data<float>();
      part(out, from.data<float>(), first, to.dim(1));
    };
    const int64_t q_row = q_offsets[s], k_row = k_offsets[s];
    rows(alone.q, q, q_row);
    rows(alone.k, k, k_row);
    rows(alone.v, v, k_row);
    rows(alone.out_grad, out_grad, q_row);
    if (!relative()) return alone;
    alone.bias = bias;
    part(alone.q_positions, q_positions, q_row, 1);
    part(alone.k_positions, k_positions, k_row, 1);
    return alone;
  }
  bool relative() const { return shape.max_distance >= 0; }
  // Of key j from query i of sequence s.
  int64_t distance(size_t s, int i, int j) const {
    if (!relative()) return j - (i + shape.keys[s] - shape.queries[s]);
    return int64_t{k_positions[k_offsets[s] + j]} - q_positions[q_offsets[s] + i];
  }
  bool sees(size_t s, int i, int j) const {
    const int64_t d = distance(s, i, j);
    return !shape.causal || (d <= 0 && (shape.window == 0 || d > -shape.window));
  }
  int64_t bias_at(int head, int64_t distance) const {
    const int64_t most = shape.max_distance;
    return head * (2 * most + 1) + most + std::clamp(distance, -most, most);
  }
  // out, lse, and the gradients of q, k, v and the bias, if there is one.
  std::vector<Tensor> run(const Context& context) const {
    std::vector<Tensor> inputs{q, k, v, ints(q_offsets), ints(k_offsets)};
    if (shape.dropout > 0) inputs.push_back(Tensor::of<int64_t>({2}, std::vector<int64_t>{seed, step}));
    if (relative()) inputs.insert(inputs.end(), {bias, ints(q_positions), ints(k_positions)});
    const AttentionOptions options = options_of(shape);
    auto results = compute(
        [&](const std::vector<Value>& in) {
          const Value random = shape.dropout > 0 ? in[5] : Value{};
          const size_t n = in.size();
          return relative() ? relative_attention(in[0], in[1], in[2], in[3], in[4],
                                                 {in[n - 3], in[n - 2], in[n - 1]}, options, random)
                            : attention(in[0], in[1], in[2], in[3], in[4], options, random);
        },
        inputs, context);
    inputs.insert(inputs.end(), {results[0], results[1], out_grad});
    const auto gradients = compute(
        [&](const std::vector<Value>& in) {
          Graph& graph = *in[0].graph;
          return relative() ? graph.add<RelativeAttentionGrad>(in, options)
                            : graph.add<AttentionGrad>(in, options);
        },
        inputs, context);
    results.insert(results.end(), gradients.begin(), gradients.begin() + (relative() ? 4 : 3));
    return results;
  }

  Case shape;
  std::vector<int32_t> q_offsets, k_offsets;
  Tensor q, k, v, out_grad, bias;
  std::vector<int32_t> q_positions, k_positions;
  int64_t seed = 11, step = 5;
};

// 0 or 1 / (1 - dropout), from the scalar Philox.
inline double kept(const Problem& p, int64_t row, int64_t head, int64_t key) {
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
inline std::vector<Doubles> twin(const Problem& p) {
  const Case& c = p.shape;
  const auto q = p.q.data<float>(), k = p.k.data<float>(), v = p.v.data<float>(),
             g = p.out_grad.data<float>();
  Doubles out(g.size()), lse(p.q.dim(0) * c.heads, kMinusInfinity), dq(q.size()), dk(k.size()), dv(v.size());
  Doubles dbias(p.relative() ? p.bias.count() : 0);
  for (size_t s = 0; s < c.queries.size(); ++s)
    for (int h = 0; h < c.heads; ++h)
      for (int i = 0; i < c.queries[s]; ++i) {
        const int64_t row = p.q_offsets[s] + i, kv = h / (c.heads / c.kv_heads);
        std::vector<int> seen;
        for (int j = 0; j < c.keys[s]; ++j)
          if (p.sees(s, i, j)) seen.push_back(j);
        if (seen.empty()) continue;
        const auto q_at = (row * c.heads + h) * c.width, out_at = (row * c.heads + h) * c.value_width;
        const auto key_at = [&](int j) { return ((p.k_offsets[s] + j) * c.kv_heads + kv) * c.width; };
        const auto value_at = [&](int j) { return ((p.k_offsets[s] + j) * c.kv_heads + kv) * c.value_width; };
        Doubles weight(c.keys[s]), rise(c.keys[s]);
        double max = kMinusInfinity, sum = 0, delta = 0;
        for (int j : seen) {
          for (int d = 0; d < c.width; ++d) weight[j] += double{q[q_at + d]} * k[key_at(j) + d];
          weight[j] *= c.scale;
          if (p.relative()) weight[j] += p.bias.data<float>()[p.bias_at(h, p.distance(s, i, j))];
          max = std::max(max, weight[j]);
        }
        for (int j : seen) sum += weight[j] = std::exp(weight[j] - max);
        lse[row * c.heads + h] = max + std::log(sum);
        for (int j : seen) {
          weight[j] /= sum;
          const double m = kept(p, row, h, j);
          for (int e = 0; e < c.value_width; ++e) {
            out[out_at + e] += weight[j] * m * v[value_at(j) + e];
            rise[j] += m * g[out_at + e] * v[value_at(j) + e];
            dv[value_at(j) + e] += weight[j] * m * g[out_at + e];
          }
          delta += weight[j] * rise[j];
        }
        for (int j : seen) {
          const double slope = weight[j] * (rise[j] - delta);
          if (p.relative()) dbias[p.bias_at(h, p.distance(s, i, j))] += slope;
          for (int d = 0; d < c.width; ++d) {
            dq[q_at + d] += c.scale * slope * k[key_at(j) + d];
            dk[key_at(j) + d] += c.scale * slope * q[q_at + d];
          }
        }
      }
  std::vector<Doubles> results{out, lse, dq, dk, dv};
  if (p.relative()) results.push_back(dbias);
  return results;
}

inline constexpr const char* kNames[] = {"out",          "lse",          "q's gradient",
                                         "k's gradient", "v's gradient", "the bias's gradient"};

inline void expect_close(const std::vector<Tensor>& actual, const std::vector<Doubles>& expected) {
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

inline bool same_bits(const float* a, const float* b, int64_t count) {
  return std::memcmp(a, b, static_cast<size_t>(count) * sizeof(float)) == 0;
}

inline void expect_same_bits(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  for (size_t r = 0; r < a.size(); ++r)
    EXPECT_TRUE(same_bits(a[r].data<float>().data(), b[r].data<float>().data(), a[r].count())) << kNames[r];
}

}  // namespace frugal::testing

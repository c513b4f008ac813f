// xl_attention against a slow twin in double, and what it promises: the same bits in any batch and on any
// number of threads, dropout that the backward pass repeats, and no access outside the tensors.
#include "frugal/ops/xl_attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "frugal/base/error.h"
#include "frugal/ops/testing.h"

namespace frugal {
namespace {

struct Case {
  std::vector<int> queries, keys;  // of each sequence, its memory included
  int heads = 2, width = 16, value_width = 16;
  int memory = 0;
  int gap = 0;  // every `gap`-th column is left out
  bool causal = false, hide = false;
  int window = 0;
  int distances = 400, back = 200;
  float dropout = 0, scale = 0.2f;
  int spare = 0;  // rows before the first sequence and after the last
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  out << "heads " << c.heads << " of " << c.width << "/" << c.value_width << ", memory " << c.memory
      << ", gap " << c.gap << (c.causal ? ", causal" : "") << (c.hide ? ", hidden" : "") << ", window "
      << c.window << ", dropout " << c.dropout << ", lengths";
  for (size_t s = 0; s < c.queries.size(); ++s) out << " " << c.queries[s] << ":" << c.keys[s];
  return out;
}

XlAttentionOptions options_of(const Case& c) {
  XlAttentionOptions o;
  o.heads = c.heads, o.scale = c.scale, o.causal = c.causal, o.window = c.window, o.dropout = c.dropout;
  o.site = 0x123456789abcdefu, o.longest = 16, o.back = c.back, o.memory = c.memory;
  return o;
}

std::vector<int32_t> offsets_of(const std::vector<int>& lengths, int first) {
  std::vector<int32_t> offsets{first};
  for (int length : lengths) offsets.push_back(offsets.back() + length);
  return offsets;
}

enum Given { kQ, kK, kV, kR, kContent, kPosition, kSegment, kSegments, kFloats };
constexpr const char* kNames[] = {"q",       "k", "v", "r", "content bias", "position bias", "segment bias",
                                  "segments"};

struct Problem {
  explicit Problem(const Case& c, uint64_t seed = 1)
      : shape(c), q_offsets(offsets_of(c.queries, c.spare)), k_offsets(offsets_of(c.keys, c.spare)) {
    Random random(seed, "xl attention");
    const int64_t rows = q_offsets.back() + c.spare, key_rows = k_offsets.back() + c.spare;
    const int64_t columns = c.heads * c.width;
    given[kQ] = testing::normal({rows, columns}, random);
    given[kK] = testing::normal({key_rows, columns}, random);
    given[kV] = testing::normal({key_rows, c.heads * c.value_width}, random);
    given[kR] = testing::normal({c.distances, columns}, random);
    for (int bias : {kContent, kPosition, kSegment})
      given[bias] = testing::normal({c.heads, c.width}, random);
    given[kSegments] = testing::normal({2, c.heads, c.width}, random);
    out_grad = testing::normal({rows, c.heads * c.value_width}, random);
    q_positions = columns_of(c.queries, 0, rows);
    k_positions = columns_of(c.keys, c.memory, key_rows);
    q_types = testing::integers({rows}, random, 0, 3);
    k_types = testing::integers({key_rows}, random, 0, 3);
    if (!c.hide) return;
    const int most = c.keys.empty() ? 1 : *std::max_element(c.keys.begin(), c.keys.end());
    hidden = Tensor(DType::u8, {rows, std::max(1, most - c.memory - 1)});  // one column too few
    for (int64_t i = 0; i < hidden.count(); ++i) hidden.data<uint8_t>()[i] = random.below(3) == 0;
    for (int64_t i = 0; i < rows; i += 3)  // queries that see nothing but the last key
      std::fill_n(hidden.data<uint8_t>().data() + i * hidden.dim(1), hidden.dim(1), uint8_t{1});
  }

  // Columns 0, 1, 2, ... without every gap-th, behind `memory` negative ones.
  Tensor columns_of(const std::vector<int>& lengths, int memory, int64_t rows) const {
    std::vector<int32_t> columns(shape.spare, 77);
    for (int length : lengths) {
      for (int m = std::min(memory, length); m > 0; --m) columns.push_back(-m);
      for (int j = memory, column = 0; j < length; ++j, ++column) {
        if (shape.gap > 0 && column % shape.gap == 1) ++column;
        columns.push_back(column);
      }
    }
    columns.resize(rows, -5);
    return testing::ints(columns);
  }

  std::vector<Tensor> inputs() const {
    std::vector<Tensor> in{given[kQ], given[kK], given[kV], testing::ints(q_offsets),
                           testing::ints(k_offsets)};
    in.insert(in.end(), given + kR, given + kFloats);
    in.insert(in.end(), {q_positions, k_positions, q_types, k_types});
    if (hidden) in.push_back(hidden);
    if (shape.dropout > 0) in.push_back(Tensor::of<int64_t>({2}, std::vector<int64_t>{seed, step}));
    return in;
  }
  // The operation's inputs from those of the graph.
  std::vector<Value> arranged(const std::vector<Value>& in) const {
    std::vector<Value> all(in.begin(), in.begin() + 5);
    all.push_back(shape.dropout > 0 ? in[hidden ? 15 : 14] : Value{});
    all.insert(all.end(), in.begin() + 5, in.begin() + 14);
    all.push_back(hidden ? in[14] : Value{});
    return all;
  }

  // out, lse, then the gradients of what is given; those of r and the biases by groups.
  std::vector<Tensor> run(const Context& context) const {
    std::vector<Tensor> in = inputs();
    const XlAttentionOptions options = options_of(shape);
    auto results = testing::compute(
        [&](const std::vector<Value>& v) { return v[0].graph->add<XlAttention>(arranged(v), options); }, in,
        context);
    const size_t n = in.size();
    in.insert(in.end(), {results[0], results[1], out_grad});
    const auto gradients = testing::compute(
        [&](const std::vector<Value>& v) {
          std::vector<Value> all = arranged(v);
          all.insert(all.end(), v.begin() + static_cast<int64_t>(n), v.end());
          return v[0].graph->add<XlAttentionGrad>(all, options);
        },
        in, context);
    results.insert(results.end(), gradients.begin(), gradients.end());
    return results;
  }

  Case shape;
  std::vector<int32_t> q_offsets, k_offsets;
  Tensor given[kFloats], out_grad, q_positions, k_positions, q_types, k_types, hidden;
  int64_t seed = 11, step = 5;
};

// 0 or 1 / (1 - dropout), from the scalar Philox.
double kept(const Problem& p, int64_t row, int64_t head, int64_t key) {
  const auto threshold = static_cast<uint32_t>(std::lround(p.shape.dropout * 65536.0));
  if (threshold == 0) return 1;
  const auto name =
      philox(static_cast<uint64_t>(p.seed), static_cast<uint64_t>(p.step), options_of(p.shape).site);
  const uint64_t counter = static_cast<uint64_t>(row) | static_cast<uint64_t>(head) << 32;
  const auto bits = philox(name[0] | uint64_t{name[1]} << 32, static_cast<uint64_t>(key / 8), counter);
  return (bits[key % 8 / 2] >> (16 * (key % 2)) & 0xFFFF) < threshold ? 0 : 65536.0 / (65536 - threshold);
}

using Doubles = std::vector<double>;

// The definition, one query at a time. Writes results like Problem::run, gradients summed over the groups.
std::vector<Doubles> twin(const Problem& p) {
  const Case& c = p.shape;
  const auto at = [&](int which, int64_t row, int64_t h, int64_t width, int64_t e) {
    return double{p.given[which].data<float>()[(row * c.heads + h) * width + e]};
  };
  const auto g = p.out_grad.data<float>();
  std::vector<Doubles> results{
      Doubles(g.size()), Doubles(p.given[kQ].dim(0) * c.heads, -std::numeric_limits<double>::infinity())};
  for (const Tensor& tensor : p.given) results.emplace_back(tensor.count());
  const auto add = [&](int which, int64_t row, int64_t h, int64_t width, int64_t e, double value) {
    results[2 + which][(row * c.heads + h) * width + e] += value;
  };
  for (size_t s = 0; s < c.queries.size(); ++s)
    for (int h = 0; h < c.heads; ++h)
      for (int i = 0; i < c.queries[s]; ++i) {
        const int64_t row = p.q_offsets[s] + i;
        const int keys = c.keys[s];
        if (keys == 0) continue;
        const auto position = [&](const Tensor& of, int64_t r) { return of.data<int32_t>()[r]; };
        const auto distance = [&](int j) {
          return position(p.q_positions, row) - position(p.k_positions, p.k_offsets[s] + j);
        };
        const auto table_row = [&](int j) { return std::clamp(distance(j) + c.back, 0, c.distances - 1); };
        const auto segment = [&](int j) {
          return p.q_types.data<int32_t>()[row] != p.k_types.data<int32_t>()[p.k_offsets[s] + j];
        };
        std::vector<bool> seen(keys);
        for (int j = 0; j < keys; ++j) {
          const int column = j - c.memory;
          seen[j] = (!c.causal || distance(j) >= 0) && (c.window == 0 || distance(j) < c.window) &&
                    (!p.hidden || column < 0 || column >= p.hidden.dim(1) ||
                     p.hidden.data<uint8_t>()[row * p.hidden.dim(1) + column] == 0);
        }
        const bool blind = std::none_of(seen.begin(), seen.end(), [](bool x) { return x; });
        Doubles weight(keys), rise(keys);
        double max = -std::numeric_limits<double>::infinity(), sum = 0, delta = 0;
        for (int j = 0; j < keys; ++j) {
          const int64_t key = p.k_offsets[s] + j;
          for (int d = 0; d < c.width; ++d) {
            const double q = at(kQ, row, h, c.width, d);
            weight[j] += (q + at(kContent, 0, h, c.width, d)) * at(kK, key, h, c.width, d) +
                         (q + at(kPosition, 0, h, c.width, d)) * at(kR, table_row(j), h, c.width, d) +
                         (q + at(kSegment, 0, h, c.width, d)) * at(kSegments, segment(j), h, c.width, d);
          }
          weight[j] = blind ? 0 : seen[j] ? c.scale * weight[j] : -std::numeric_limits<double>::infinity();
          max = std::max(max, weight[j]);
        }
        for (double& w : weight) sum += w = std::exp(w - max);
        results[1][row * c.heads + h] = max + std::log(sum);
        for (int j = 0; j < keys; ++j) {
          weight[j] /= sum;
          const double m = kept(p, row, h, j);
          const int64_t key = p.k_offsets[s] + j;
          for (int e = 0; e < c.value_width; ++e) {
            const double v = at(kV, key, h, c.value_width, e),
                         out = g[(row * c.heads + h) * c.value_width + e];
            results[0][(row * c.heads + h) * c.value_width + e] += weight[j] * m * v;
            rise[j] += m * out * v;
            add(kV, key, h, c.value_width, e, weight[j] * m * out);
          }
          delta += weight[j] * rise[j];
        }
        for (int j = 0; j < keys; ++j)
          for (int d = 0; d < c.width; ++d) {
            const double slope = c.scale * weight[j] * (rise[j] - delta), q = at(kQ, row, h, c.width, d);
            const auto term = [&](int bias, int vector, int64_t r) {
              const double x = at(vector, r, h, c.width, d);
              add(kQ, row, h, c.width, d, slope * x);
              add(bias, 0, h, c.width, d, slope * x);
              add(vector, r, h, c.width, d, slope * (q + at(bias, 0, h, c.width, d)));
            };
            term(kContent, kK, p.k_offsets[s] + j);
            term(kPosition, kR, table_row(j));
            term(kSegment, kSegments, segment(j));
          }
      }
  return results;
}

// The sum of the rows of a gradient that is kept by groups.
Doubles sum_of_groups(const Tensor& tensor, size_t size) {
  Doubles sum(size);
  for (int64_t i = 0; i < tensor.count(); ++i) sum[static_cast<size_t>(i) % size] += tensor.data<float>()[i];
  return sum;
}

void expect_close(const std::vector<Tensor>& actual, const std::vector<Doubles>& expected) {
  for (size_t r = 0; r < expected.size(); ++r) {
    const Doubles got = sum_of_groups(actual[r], expected[r].size());
    double largest = 0;
    for (double x : expected[r]) largest = std::max(largest, std::isfinite(x) ? std::abs(x) : 0);
    for (size_t i = 0; i < got.size(); ++i) {
      if (got[i] == expected[r][i]) continue;  // both -infinity
      ASSERT_NEAR(got[i], expected[r][i], 1e-6 + 2e-5 * largest)
          << (r < 2 ? "output " : kNames[r - 2]) << " " << r << ", element " << i;
    }
  }
}

bool same_bits(const float* a, const float* b, int64_t count) {
  return std::memcmp(a, b, static_cast<size_t>(count) * sizeof(float)) == 0;
}

class XlAttentionTest : public ::testing::Test {
 protected:
  void TearDown() override { use_isa(isa_from_environment()); }
};

const std::vector<Case> kCases{
    {.queries = {13}, .keys = {13}},
    {.queries = {1}, .keys = {1}, .heads = 1, .width = 1, .value_width = 1},
    {.queries = {5, 0, 17, 1, 48, 49}, .keys = {5, 0, 17, 1, 48, 49}, .spare = 9},
    {.queries = {7, 3, 0, 20},
     .keys = {0, 19, 5, 130},
     .heads = 3,
     .width = 13,
     .value_width = 9,
     .spare = 2},
    {.queries = {100, 2}, .keys = {160, 3}, .width = 26, .value_width = 26},
    {.queries = {150}, .keys = {150}, .heads = 1, .width = 64, .value_width = 64},
    {.queries = {20, 60}, .keys = {20, 60}, .gap = 3},
    {.queries = {20, 60},
     .keys = {20, 60},
     .distances = 9,
     .back = 3},  // most distances are beyond the table
    {.queries = {20, 70}, .keys = {25, 75}, .memory = 5, .gap = 4},
    {.queries = {20, 150}, .keys = {20, 150}, .causal = true},
    {.queries = {20, 90}, .keys = {27, 97}, .memory = 7, .causal = true, .window = 8, .spare = 1},
    {.queries = {9, 70}, .keys = {9, 70}, .hide = true, .spare = 4},
    {.queries = {4, 15}, .keys = {13, 60}, .memory = 3, .gap = 5, .hide = true},
    {.queries = {20, 70}, .keys = {20, 70}, .gap = 2, .causal = true, .hide = true, .window = 9},
    {.queries = {19, 150}, .keys = {19, 133}, .dropout = 0.1f},
    {.queries = {14, 60}, .keys = {17, 63}, .memory = 3, .hide = true, .dropout = 0.5f, .spare = 5},
    {.queries = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, .keys = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, .width = 8},
    {.queries = {}, .keys = {}, .spare = 4},
};

TEST_F(XlAttentionTest, MatchesTheTwinOnEveryInstructionSet) {
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
TEST_F(XlAttentionTest, TheTwinsGradientsAreTheSlopesOfItsOutputs) {
  for (const Case& c :
       {Case{.queries = {3, 5}, .keys = {4, 6}, .width = 3, .value_width = 2, .distances = 7, .back = 3},
        Case{.queries = {4},
        .keys = {6},
        .width = 2,
        .value_width = 3,
        .memory = 2,
        .causal = true,
        .distances = 12,
        .back = 4,
        .dropout = 0.4f}}) {
    Problem problem(c);
    const auto exact = twin(problem);
    const auto loss = [&] {
      double sum = 0;
      const Doubles out = twin(problem)[0];
      for (size_t i = 0; i < out.size(); ++i) sum += out[i] * problem.out_grad.data<float>()[i];
      return sum;
    };
    for (int t = 0; t < kFloats; ++t)
      for (size_t i = 0; i < exact[2 + t].size(); ++i) {
        float& x = problem.given[t].data<float>()[i];
        const float saved = x, high = saved + 0x1p-8f, low = saved - 0x1p-8f;
        x = high;
        const double above = loss();
        x = low;
        const double below = loss();
        x = saved;
        ASSERT_NEAR(exact[2 + t][i], (above - below) / (double{high} - low), 1e-4) << kNames[t] << i;
      }
  }
}

TEST_F(XlAttentionTest, ASequenceHasTheSameBitsAloneAndInABatch) {
  const Case c{.queries = {40, 13, 200, 0, 90}, .keys = {40, 13, 170, 8, 90}, .width = 26, .value_width = 26};
  const Problem batch(c);
  for (Isa isa : supported_isas()) {
    const auto all = batch.run(Context::make(2, isa));
    for (size_t s = 0; s < c.queries.size(); ++s) {
      Case one = c;
      one.queries = {c.queries[s]};
      one.keys = {c.keys[s]};
      Problem alone(one);
      const auto copy = [&](Tensor& to, const Tensor& from, int64_t first) {
        const size_t row = from.byte_count() / static_cast<size_t>(from.dim(0));
        std::memcpy(to.bytes(),
                    static_cast<const std::byte*>(from.bytes()) + static_cast<size_t>(first) * row,
                    to.byte_count());
      };
      for (int t = 0; t < kFloats; ++t)
        copy(alone.given[t], batch.given[t], t == kQ ? batch.q_offsets[s] : t <= kV ? batch.k_offsets[s] : 0);
      copy(alone.out_grad, batch.out_grad, batch.q_offsets[s]);
      copy(alone.q_types, batch.q_types, batch.q_offsets[s]);
      copy(alone.k_types, batch.k_types, batch.k_offsets[s]);
      const auto results = alone.run(Context::make(1, isa));
      for (size_t r = 0; r < 5; ++r) {
        const int64_t first = r < 3 ? batch.q_offsets[s] : batch.k_offsets[s];
        EXPECT_TRUE(same_bits(results[r].data<float>().data(),
                              all[r].data<float>().data() + first * all[r].dim(1), results[r].count()))
            << "result " << r << " of sequence " << s << " on " << name_of(isa);
      }
    }
  }
}

TEST_F(XlAttentionTest, SameBitsOnAnyNumberOfThreads) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(::testing::Message() << c);
    const Problem problem(c);
    const auto expected = problem.run(Context::make(1));
    for (int threads : {2, 3, 5}) {
      const auto actual = problem.run(Context::make(threads));
      for (size_t r = 0; r < expected.size(); ++r)
        EXPECT_TRUE(
            same_bits(actual[r].data<float>().data(), expected[r].data<float>().data(), expected[r].count()))
            << "result " << r;
    }
  }
}

// Meant for the address sanitizer: offsets and positions are a run's data.
TEST_F(XlAttentionTest, WrongOffsetsAndPositionsReachNothingOutside) {
  Random random(4, "offsets");
  Problem problem({.queries = {20, 9, 30},
                   .keys = {22, 11, 32},
                   .heads = 1,
                   .memory = 2,
                   .hide = true,
                   .distances = 50,
                   .back = 20});
  const int32_t values[] = {
      -5, 0, 13, 59, 60, 1 << 30, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
  for (int trial = 0; trial < 100; ++trial) {
    for (auto* offsets : {&problem.q_offsets, &problem.k_offsets})
      for (int32_t& offset : *offsets)
        if (trial >= 50) offset = values[random.below(std::size(values))];
    for (Tensor* positions : {&problem.q_positions, &problem.k_positions})
      for (int32_t& position : positions->data<int32_t>())
        if (random.below(4) == 0) position = values[random.below(std::size(values))];
    EXPECT_EQ(problem.run(Context::make(1))[0].count(), 59 * 16);
  }
}

TEST_F(XlAttentionTest, RefusesTypesThatDoNotFit) {
  const Problem problem(
      {.queries = {4}, .keys = {6}, .hide = true, .distances = 20, .back = 8, .dropout = 0.1f});
  const auto attempt = [&](const XlAttentionOptions& options, int changed, TensorType type) {
    Graph graph;
    std::vector<Value> in;
    for (const Tensor& tensor : problem.inputs())
      in.push_back(graph.input("in" + std::to_string(in.size()), {tensor.type(), tensor.shape()}));
    std::vector<Value> all = problem.arranged(in);
    if (changed >= 0) all[changed] = graph.input("changed", std::move(type));
    graph.add<XlAttention>(all, options);
  };
  const XlAttentionOptions good = options_of(problem.shape);
  EXPECT_NO_THROW(attempt(good, -1, {}));
  XlAttentionOptions bad = good;
  bad.heads = 3;
  EXPECT_THROW(attempt(bad, -1, {}), Error);
  bad = good, bad.back = 20;
  EXPECT_THROW(attempt(bad, -1, {}), Error);
  bad = good, bad.window = 3;
  EXPECT_THROW(attempt(bad, -1, {}), Error);
  EXPECT_THROW(attempt(good, 1, f32({6, 30})), Error);
  EXPECT_THROW(attempt(good, kXlRandom, i32({2})), Error);
  EXPECT_THROW(attempt(good, kXlTable, f32({20, 30})), Error);
  EXPECT_THROW(attempt(good, kXlPositionBias, f32({32})), Error);
  EXPECT_THROW(attempt(good, kXlSegments, f32({2, 32})), Error);
  EXPECT_THROW(attempt(good, kXlKeyPositions, i32({4})), Error);
  EXPECT_THROW(attempt(good, kXlHidden, {DType::u8, {6, 6}}), Error);
}

}  // namespace
}  // namespace frugal

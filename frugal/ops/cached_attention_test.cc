// cached attention against full attention on the whole sequence, in double (attention_twin.h), through
// histories that generation has: prompts, single tokens, beams that share a past, rows used again.
#include "frugal/ops/cached_attention.h"

#include <gtest/gtest.h>

#include <numeric>

#include "frugal/base/error.h"
#include "frugal/ops/attention_twin.h"
#include "frugal/ops/write_rows.h"

namespace frugal {
namespace {

using namespace testing;

constexpr int kCapacity = 400;

// A sequence, whole, and what its attention must give.
struct Sequence {
  Sequence(const Case& c, uint64_t seed) : problem(c, seed) { learn(); }
  void learn() { expected = twin(problem)[0]; }
  // Takes over the keys and values of the first `count` positions of another.
  void share(const Sequence& other, int64_t count) {
    const auto copy = [&](Tensor& to, const Tensor& from) {
      std::copy_n(from.data<float>().begin(), count * from.dim(1), to.data<float>().begin());
    };
    copy(problem.k, other.problem.k);
    copy(problem.v, other.problem.v);
    learn();
  }
  Problem problem;
  Doubles expected;
};

Case causal_case(int heads, int kv_heads, int width, int value_width, int window = 0, int max_distance = -1) {
  return {.queries = {kCapacity},
          .keys = {kCapacity},
          .heads = heads,
          .kv_heads = kv_heads,
          .width = width,
          .value_width = value_width,
          .causal = true,
          .window = window,
          .max_distance = max_distance};
}

const std::vector<Case> kShapes{
    causal_case(2, 2, 32, 32),         causal_case(1, 1, 64, 64, 0, 300),  causal_case(6, 2, 9, 5, 30),
    causal_case(4, 1, 26, 70, 0, 16),  causal_case(3, 3, 13, 80, 150, 40), causal_case(1, 1, 1, 1, 1),
    causal_case(2, 1, 128, 128, 7, 3),
};

// A sequence's part of one step.
struct Part {
  const Sequence* sequence;
  int64_t length, fresh;
  std::vector<int32_t> rows;  // of its positions
};

// Caches that start with NaNs, so that a row read before it was written shows.
struct Cache {
  explicit Cache(const Case& c, int64_t rows = 3 * kCapacity)
      : k(DType::f32, {rows, c.kv_heads * c.width}), v(DType::f32, {rows, c.kv_heads * c.value_width}) {
    for (Tensor* tensor : {&k, &v})
      for (float& x : tensor->data<float>()) x = std::numeric_limits<float>::quiet_NaN();
  }
  Tensor k, v;
};

Tensor rows_of(const Tensor& x, int64_t first, int64_t count) {
  Tensor part(DType::f32, {count, x.dim(1)});
  std::copy_n(x.data<float>().begin() + first * x.dim(1), part.count(), part.data<float>().begin());
  return part;
}

Tensor joined(const std::vector<Tensor>& parts) {
  int64_t rows = 0, width = parts[0].dim(1);
  for (const Tensor& part : parts) rows += part.dim(0);
  Tensor whole(DType::f32, {rows, width});
  auto to = whole.data<float>().begin();
  for (const Tensor& part : parts) to = std::copy_n(part.data<float>().begin(), part.count(), to);
  return whole;
}

// One step of all parts, and `spare` rows of no sequence; updates the cache.
Tensor step(const std::vector<Part>& parts, Cache& cache, const Context& context, int64_t spare = 0) {
  const Case& c = parts[0].sequence->problem.shape;
  std::vector<Tensor> q, k, v;
  std::vector<int32_t> offsets{0}, lengths, table;
  for (const Part& part : parts) {
    const Problem& p = part.sequence->problem;
    q.push_back(rows_of(p.q, part.length, part.fresh));
    k.push_back(rows_of(p.k, part.length, part.fresh));
    v.push_back(rows_of(p.v, part.length, part.fresh));
    offsets.push_back(offsets.back() + static_cast<int32_t>(part.fresh));
    lengths.push_back(static_cast<int32_t>(part.length));
    table.insert(table.end(), part.rows.begin(), part.rows.end());
    table.resize(lengths.size() * kCapacity, -1);
  }
  for (auto* list : {&q, &k, &v})
    list->push_back(rows_of(list->front(), 0, 0)),
        list->back() = Tensor(DType::f32, {spare, list->front().dim(1)});
  Graph graph;
  std::map<int, Tensor> given;
  const auto input = [&](Tensor tensor) {
    const Value value = graph.input("in" + std::to_string(given.size()), {tensor.type(), tensor.shape()});
    given[value.node] = std::move(tensor);
    return value;
  };
  const auto variable = [&](const char* name, const Tensor& tensor) {
    const Value value = graph.variable(name, {DType::f32, tensor.shape()});
    given[value.node] = tensor;
    return value;
  };
  const Value k_cache = variable("k", cache.k), v_cache = variable("v", cache.v);
  Tensor rows(DType::i32, {static_cast<int64_t>(parts.size()), kCapacity});
  std::copy(table.begin(), table.end(), rows.data<int32_t>().begin());
  const CachedAttentionOptions options{.heads = c.heads, .scale = c.scale, .window = c.window};
  const Value q_in = input(joined(q)), k_in = input(joined(k)), v_in = input(joined(v));
  const CacheTable places{input(ints(offsets)), input(ints(lengths)), input(rows)};
  const Value bias = c.max_distance >= 0 ? input(parts[0].sequence->problem.bias) : Value{};
  const Value out = cached_attention(q_in, k_in, v_in, k_cache, v_cache, places, options, bias);
  const auto values = evaluate(graph, context, given);
  cache.k = values[k_cache.node][0];
  cache.v = values[v_cache.node][0];
  return values[out.node][0];
}

void expect_rows(const Tensor& out, int64_t first, const Part& part) {
  const Doubles& expected = part.sequence->expected;
  double largest = 0;
  for (double x : expected) largest = std::max(largest, std::abs(x));
  const int64_t width = out.dim(1);
  for (int64_t i = 0; i < part.fresh * width; ++i)
    ASSERT_NEAR(out.data<float>()[first * width + i], expected[part.length * width + i], 1e-5 * largest)
        << "position " << part.length + i / width << ", column " << i % width;
}

void expect_all(const Tensor& out, const std::vector<Part>& parts) {
  int64_t first = 0;
  for (const Part& part : parts) {
    expect_rows(out, first, part);
    first += part.fresh;
  }
  for (int64_t i = first * out.dim(1); i < out.count(); ++i) ASSERT_EQ(out.data<float>()[i], 0);
}

std::vector<int32_t> some_rows(int64_t count, uint64_t seed) {
  std::vector<int32_t> rows;
  for (int64_t row : random_permutation(3 * kCapacity, Random(seed, "rows")))
    rows.push_back(static_cast<int32_t>(row));
  rows.resize(count);
  return rows;
}

class CachedAttentionTest : public ::testing::Test {
 protected:
  void TearDown() override { use_isa(isa_from_environment()); }
};

// Three sequences whose rows lie anywhere, each adding some rows at each step, or none.
TEST_F(CachedAttentionTest, EqualsFullAttentionOnTheWholeSequence) {
  const int64_t fresh[][3] = {{41, 1, 4}, {1, 0, 1},  {1, 1, 200}, {2, 130, 0},
                              {1, 1, 1},  {7, 60, 5}, {1, 3, 1}};
  for (const Case& c : kShapes) {
    SCOPED_TRACE(::testing::Message() << c);
    std::vector<Sequence> sequences;
    for (uint64_t s = 0; s < 3; ++s) sequences.emplace_back(c, s + 1);
    for (int s = 1; s < 3; ++s) sequences[s].problem.bias = sequences[0].problem.bias, sequences[s].learn();
    for (Isa isa : supported_isas()) {
      SCOPED_TRACE(name_of(isa));
      for (bool in_order : {false, true}) {
        const auto all = some_rows(3 * kCapacity, 1);
        std::vector<Part> parts;
        for (int s = 0; s < 3; ++s) {
          std::vector<int32_t> rows(all.begin() + s * kCapacity, all.begin() + (s + 1) * kCapacity);
          if (in_order) std::iota(rows.begin(), rows.end(), s * kCapacity);
          parts.push_back({&sequences[s], 0, 0, rows});
        }
        Cache cache(c);
        for (const auto& counts : fresh) {
          for (int s = 0; s < 3; ++s) parts[s].length += parts[s].fresh, parts[s].fresh = counts[s];
          expect_all(step(parts, cache, Context::make(2, isa), 3), parts);
        }
      }
    }
  }
}

// Two beams over one prompt; they change places; one dies and a new sequence takes its rows.
TEST_F(CachedAttentionTest, BeamsShareAPastAndRowsAreUsedAgain) {
  const Case c = causal_case(4, 2, 32, 32);
  Sequence first(c, 1), second(c, 2), third(c, 3);
  constexpr int64_t kPrompt = 70;
  second.share(first, kPrompt);
  auto free = some_rows(400, 5);
  const auto take = [&](std::vector<int32_t>& rows, int64_t count) {
    rows.insert(rows.end(), free.end() - count, free.end());
    free.resize(free.size() - count);
  };
  Part a{&first, 0, kPrompt, {}};
  take(a.rows, kPrompt);
  Cache cache(c);
  const Context context = Context::make(2);
  expect_all(step({a}, cache, context), {a});
  Part b = a;
  b.sequence = &second;
  const auto extend = [&](Part& part, int64_t count) {
    part.length += part.fresh;
    part.fresh = count;
    take(part.rows, count);
  };
  for (int i = 0; i < 6; ++i) {
    extend(a, 1), extend(b, 1);
    const std::vector<Part> parts = i % 2 ? std::vector<Part>{b, a} : std::vector<Part>{a, b};
    expect_all(step(parts, cache, context), parts);
  }
  free.insert(free.end(), a.rows.begin() + kPrompt, a.rows.end());
  Part n{&third, 0, 0, {}};
  for (int i = 0; i < 4; ++i) {
    extend(b, 1), extend(n, i == 0 ? 20 : 1);
    expect_all(step({n, b}, cache, context), {n, b});
  }
}

TEST_F(CachedAttentionTest, ASequenceHasTheSameBitsInAnyCompanyAndOnAnyNumberOfThreads) {
  const int64_t fresh[][3] = {{50, 130, 3}, {1, 1, 1}, {3, 60, 1}, {1, 1, 9}};
  for (const Case& c : {kShapes[0], kShapes[2], kShapes[4]}) {
    std::vector<Sequence> sequences;
    for (uint64_t s = 0; s < 3; ++s) sequences.emplace_back(c, s + 1);
    for (int s = 1; s < 3; ++s) sequences[s].problem.bias = sequences[0].problem.bias;
    const auto all = some_rows(3 * kCapacity, 1);
    for (Isa isa : supported_isas()) {
      // Alone, with rows of its own choice.
      std::vector<Tensor> alone[3];
      for (int s = 0; s < 3; ++s) {
        Cache cache(c, kCapacity);
        Part part{&sequences[s], 0, 0, std::vector<int32_t>(kCapacity)};
        std::iota(part.rows.begin(), part.rows.end(), 0);
        for (const auto& counts : fresh) {
          part.length += part.fresh, part.fresh = counts[s];
          alone[s].push_back(step({part}, cache, Context::make(1, isa)));
        }
      }
      for (int threads : {1, 2, 3}) {
        Cache cache(c);
        std::vector<Part> parts;
        for (int s = 0; s < 3; ++s)
          parts.push_back(
              {&sequences[s], 0, 0, {all.begin() + s * kCapacity, all.begin() + (s + 1) * kCapacity}});
        for (size_t i = 0; i < std::size(fresh); ++i) {
          for (int s = 0; s < 3; ++s) parts[s].length += parts[s].fresh, parts[s].fresh = fresh[i][s];
          const Tensor out = step(parts, cache, Context::make(threads, isa));
          const float* at = out.data<float>().data();
          for (int s = 0; s < 3; ++s) {
            EXPECT_TRUE(same_bits(at, alone[s][i].data<float>().data(), alone[s][i].count()))
                << "sequence " << s << ", step " << i << ", " << threads << " threads, " << name_of(isa);
            at += alone[s][i].count();
          }
        }
      }
    }
  }
}

struct Reading {
  std::vector<int32_t> offsets, lengths, table;  // the table is [sequences, table.size() / sequences]
};

Tensor read(const Problem& p, const Tensor& q, const Cache& cache, const Reading& r, const Context& context) {
  const auto sequences = static_cast<int64_t>(r.lengths.size());
  Tensor table(DType::i32, {sequences, static_cast<int64_t>(r.table.size()) / sequences});
  std::copy(r.table.begin(), r.table.end(), table.data<int32_t>().begin());
  return compute(
      [&](const std::vector<Value>& in) {
        return read_cache_attention(in[0], in[1], in[2], {in[3], in[4], in[5]},
                                    {.heads = p.shape.heads, .scale = p.shape.scale});
      },
      {q, cache.k, cache.v, ints(r.offsets), ints(r.lengths), table}, context)[0];
}

// Sources filled by write_rows; sequences share them as beams do.
TEST_F(CachedAttentionTest, ReadsWholeSources) {
  const Case c{.queries = {1, 3, 0, 60, 1},
               .keys = {150, 7, 5, 200, 0},
               .heads = 6,
               .kv_heads = 2,
               .width = 40,
               .value_width = 12};
  Problem p(c);
  Cache cache(c, 500);
  // The last source is read by nobody, the others lie apart and in disorder.
  const auto rows = some_rows(3 * kCapacity, 3);
  std::vector<int32_t> row_of;
  for (int32_t row : rows)
    if (row < 500) row_of.push_back(row);
  row_of.resize(p.k.dim(0) + 1);
  row_of.back() = -1;  // skipped
  const auto store = [&](Tensor& to, const Tensor& values) {
    Graph graph;
    std::map<int, Tensor> given;
    const Value state = graph.variable("cache", {DType::f32, to.shape()});
    const Value at = graph.input("rows", i32({static_cast<int64_t>(row_of.size())}));
    const Tensor all = joined({values, Tensor(DType::f32, {1, values.dim(1)})});
    const Value x = graph.input("values", f32(all.shape()));
    given[state.node] = to, given[at.node] = ints(row_of), given[x.node] = all;
    write_rows(state, at, x);
    to = evaluate(graph, Context::make(2), given)[state.node][0];
  };
  store(cache.k, p.k);
  store(cache.v, p.v);
  Reading reading{p.q_offsets, c.keys, {}};
  for (size_t s = 0; s < c.keys.size(); ++s) {
    reading.table.insert(reading.table.end(), row_of.begin() + p.k_offsets[s],
                         row_of.begin() + p.k_offsets[s + 1]);
    reading.table.resize((s + 1) * kCapacity, 7);
  }
  const Doubles expected = twin(p)[0];
  for (Isa isa : supported_isas()) {
    const Tensor out = read(p, p.q, cache, reading, Context::make(2, isa));
    for (size_t i = 0; i < expected.size(); ++i)
      ASSERT_NEAR(out.data<float>()[i], expected[i], 1e-5) << i << " on " << name_of(isa);
    // Beams: sequence 0's query three times over one source.
    const Tensor one = rows_of(p.q, 0, 1);
    std::vector<int32_t> table;
    for (int i = 0; i < 3; ++i) table.insert(table.end(), reading.table.begin(), reading.table.begin() + 150);
    const Tensor beams = read(p, joined({one, one, one}), cache, {{0, 1, 2, 3}, {150, 150, 150}, table},
                              Context::make(2, isa));
    for (int i = 0; i < 3; ++i)
      EXPECT_TRUE(
          same_bits(beams.data<float>().data() + i * out.dim(1), out.data<float>().data(), out.dim(1)));
  }
}

// Meant for the address sanitizer.
TEST_F(CachedAttentionTest, WrongNumbersReachNothingOutside) {
  const Case c = causal_case(2, 1, 24, 24, 9, 4);
  const Problem p(c);
  Random random(4, "wrong");
  const int32_t values[] = {
      -5, 0, 13, 59, 60, 1 << 30, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
  const auto wrong = [&](std::vector<int32_t> right) {
    for (int32_t& x : right)
      if (random.below(3) == 0) x = values[random.below(std::size(values))];
    return ints(right);
  };
  for (int trial = 0; trial < 200; ++trial) {
    Tensor table(DType::i32, {3, 50});
    for (int32_t& x : table.data<int32_t>())
      x = random.below(8) ? static_cast<int32_t>(random.below(60)) : values[random.below(8)];
    const Cache cache(c, 60);
    const std::vector<Tensor> inputs{rows_of(p.q, 0, 40),
                                     rows_of(p.k, 0, 40),
                                     rows_of(p.v, 0, 40),
                                     cache.k,
                                     cache.v,
                                     wrong({0, 1, 20, 40}),
                                     wrong({5, 30, 10}),
                                     table,
                                     p.bias};
    const auto out = compute(
        [&](const std::vector<Value>& in) {
          return cached_attention(in[0], in[1], in[2], in[3], in[4], {in[5], in[6], in[7]},
                                  {.heads = 2, .window = 9}, in[8]);
        },
        inputs, Context::make(1));
    EXPECT_EQ(out[0].count(), 40 * 48);
    EXPECT_EQ(read(p, inputs[0], cache,
                   {{0, 1, 20, 40},
                    {values[random.below(8)], 30, values[random.below(8)]},
                    {table.data<int32_t>().begin(), table.data<int32_t>().end()}},
                   Context::make(1))
                  .count(),
              40 * 48);
  }
}

TEST_F(CachedAttentionTest, RefusesTypesThatDoNotFit) {
  Graph graph;
  const auto value = [&](TensorType type) {
    return graph.input(std::to_string(graph.nodes().size()), std::move(type));
  };
  const Value q = value(f32({4, 64})), k = value(f32({4, 32})), cache = value(f32({9, 32}));
  const CacheTable table{value(i32({3})), value(i32({2})), value(i32({2, 20}))};
  const CachedAttentionOptions options{.heads = 2};
  EXPECT_EQ(cached_attention(q, k, k, cache, cache, table, options).shape(), Shape({4, 64}));
  EXPECT_EQ(read_cache_attention(q, cache, cache, table, options).shape(), Shape({4, 64}));
  EXPECT_THROW(cached_attention(q, k, k, cache, cache, table, {.heads = 3}), Error);
  EXPECT_THROW(cached_attention(q, k, k, cache, cache, table, {.heads = 2, .window = -1}), Error);
  EXPECT_THROW(cached_attention(q, k, k, cache, value(f32({8, 32})), table, options), Error);
  EXPECT_THROW(cached_attention(q, q, k, cache, cache, table, options), Error);
  EXPECT_THROW(cached_attention(q, k, k, cache, cache, table, options, value(f32({2, 4}))), Error);
  EXPECT_THROW(cached_attention(q, k, k, cache, cache, {table.offsets, table.offsets, table.rows}, options),
               Error);
  EXPECT_THROW(
      cached_attention(q, k, k, cache, cache, {table.offsets, table.lengths, value(i32({3, 20}))}, options),
      Error);
  EXPECT_THROW(read_cache_attention(q, cache, cache, table, {.heads = 2, .window = 3}), Error);
  EXPECT_THROW(read_cache_attention(q, value(f32({0, 32})), value(f32({0, 32})), table, options), Error);
  EXPECT_THROW(write_rows(cache, value(i32({4})), q), Error);
}

TEST_F(CachedAttentionTest, WorkCountsWhatIsRead) {
  Graph graph;
  const TensorType q = f32({2, 64}), k = f32({2, 32}), cache = f32({1000, 32}), o = i32({3}), l = i32({2}),
                   rows = i32({2, 300});
  const std::vector<TensorType> in{q, k, k, cache, cache, o, l, rows};
  const CachedAttention op({.heads = 2, .longest = 100});
  const Work work = op.work(in, op.infer(in));
  EXPECT_EQ(work.flops, 2.0 * 2 * 2 * 100 * 64);
  EXPECT_EQ(work.bytes, 4.0 * (2 * 64 * 2 + 2 * 2 * 32 * 2 + 2 * 100 * (32 * 2 + 1)));
}

}  // namespace
}  // namespace frugal

// The packed expert products against their slow twins, and the promise about a row's bits.
#include "frugal/ops/expert_linear.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "frugal/ops/matmul.h"
#include "frugal/ops/testing.h"

namespace frugal {
namespace {

using testing::compute;

struct Problem {
  Problem(int64_t rows, int64_t k, int64_t n, std::vector<int32_t> cuts) : rows(rows), k(k), n(n) {
    Random random(3, "experts");
    x = testing::normal({rows, k}, random);
    dy = testing::normal({rows, n}, random);
    bounds = testing::ints(std::move(cuts));
    for (int64_t e = 0; e < bounds.count() - 1; ++e) weights.push_back(testing::normal({n, k}, random));
  }
  std::vector<Tensor> inputs() const {
    std::vector<Tensor> all{x, bounds};
    all.insert(all.end(), weights.begin(), weights.end());
    return all;
  }

  int64_t rows, k, n;
  Tensor x, dy, bounds;
  std::vector<Tensor> weights;
};

Tensor packed_forward(const Problem& p, Precision precision, const Context& context) {
  return compute(
      [&](const std::vector<Value>& in) {
        std::vector<Value> inputs(in.begin(), in.end());
        for (size_t e = 2; e < in.size(); ++e)
          inputs[e] = in[0].graph->add<Pack>({in[e]}, precision, context.isa, true);
        return in[0].graph->add<PackedExpertLinear>(inputs, precision, context.isa, p.n);
      },
      p.inputs(), context)[0];
}

void expect_near(const Tensor& actual, const Tensor& expected, double tolerance) {
  ASSERT_EQ(actual.count(), expected.count());
  for (int64_t i = 0; i < actual.count(); ++i)
    ASSERT_NEAR(actual.data<float>()[i], expected.data<float>()[i], tolerance) << "element " << i;
}

// Experts without rows, rows without expert before and after, one row, many rows.
std::vector<Problem> problems() {
  std::vector<Problem> all;
  all.emplace_back(1, 5, 3, std::vector<int32_t>{0, 1});
  all.emplace_back(9, 33, 18, std::vector<int32_t>{2, 2, 3, 7, 7});
  all.emplace_back(150, 64, 70, std::vector<int32_t>{0, 100, 101, 149, 149, 150});
  all.emplace_back(40, 17, 16, std::vector<int32_t>{5, 5, 5});
  return all;
}

TEST(ExpertLinear, PackedEqualsTheLoop) {
  for (const Problem& p : problems()) {
    const Tensor slow = compute(
        [](const std::vector<Value>& in) {
          return expert_linear(in[0], {in.begin() + 2, in.end()}, in[1]);
        },
        p.inputs())[0];
    for (Isa isa : supported_isas()) {
      expect_near(packed_forward(p, Precision::f32, Context::make(2, isa)), slow, 1e-4);
      if (has_bf16(isa)) expect_near(packed_forward(p, Precision::bf16, Context::make(2, isa)), slow, 0.3);
    }
  }
  use_isa(isa_from_environment());
}

TEST(ExpertLinear, PackedWeightGradientsEqualTheLoop) {
  for (const Problem& p : problems()) {
    const std::vector<Tensor> inputs{p.dy, p.x, p.bounds};
    const auto slow =
        compute([](const auto& in) { return in[0].graph->template add<ExpertOuter>(in); }, inputs);
    for (Isa isa : supported_isas()) {
      const auto fast = compute(
          [&](const auto& in) {
            return in[0].graph->template add<PackedExpertOuter>(in, Precision::f32, isa);
          },
          inputs, Context::make(2, isa));
      for (size_t e = 0; e < slow.size(); ++e) expect_near(fast[e], slow[e], 1e-3);
    }
  }
  use_isa(isa_from_environment());
}

TEST(ExpertLinear, ARowsBitsDoNotDependOnItsCompany) {
  const Problem p(150, 64, 70, {0, 100, 101, 149, 149, 150});
  const Tensor all = packed_forward(p, Precision::f32, Context::make(2));
  for (int64_t row : {0, 57, 99}) {
    Problem alone(1, p.k, p.n, {0, 1, 1, 1, 1, 1});
    alone.weights = p.weights;
    std::memcpy(alone.x.bytes(), p.x.data<float>().data() + row * p.k, static_cast<size_t>(p.k) * 4);
    const Tensor one = packed_forward(alone, Precision::f32, Context::make(3));
    EXPECT_EQ(0, std::memcmp(one.bytes(), all.data<float>().data() + row * p.n, one.byte_count())) << row;
  }
}

TEST(ExpertLinear, RefusesWhatDoesNotFit) {
  Graph graph;
  const Value x = graph.input("x", f32({4, 3})), w = graph.input("w", f32({5, 3}));
  EXPECT_ANY_THROW(expert_linear(x, {}, graph.input("none", i32({1}))));
  EXPECT_ANY_THROW(expert_linear(x, {w}, graph.input("three", i32({3}))));
  EXPECT_ANY_THROW(expert_linear(x, {w, graph.input("v", f32({3, 5}))}, graph.input("two", i32({3}))));
}

}  // namespace
}  // namespace frugal

#include "frugal/ops/adamw.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "frugal/ops/compact_rows.h"
#include "frugal/ops/embedding.h"
#include "frugal/ops/sum_squares.h"
#include "frugal/ops/testing.h"

namespace frugal {
namespace {

Tensor hyper(int step, double lr) {
  return testing::floats({4}, {static_cast<float>(lr), static_cast<float>(1 - std::pow(0.9, step)),
                               static_cast<float>(1 - std::pow(0.999, step)), 0});
}

// Three steps with weight decay and clipping, made with torch.optim.AdamW 2.x and clip_grad_norm_.
TEST(AdamW, MatchesPyTorch) {
  Graph graph;
  const Value param = graph.variable("p", f32({3})), m = graph.variable("m", f32({3})),
              v = graph.variable("v", f32({3}));
  const Value grad = graph.input("g", f32({3})), numbers = graph.input("hyper", f32({4}));
  adamw(param, grad, m, v, numbers, clip_scale(sum_squares({grad}), 0.5f), {.weight_decay = 0.1});
  std::map<int, Tensor> state{{param.node, testing::floats({3}, {0.5f, -1.25f, 2})},
                              {m.node, Tensor(DType::f32, {3})},
                              {v.node, Tensor(DType::f32, {3})}};
  const std::vector<float> grads[] = {{0.1f, -0.2f, 0.3f}, {1, 0, -0.5f}, {-0.3f, 2, 0.25f}};
  const float expected[][3] = {{0.489500016f, -1.23874998f, 1.98800004f},
                               {0.480286807f, -1.23081064f, 1.98508918f},
                               {0.474162161f, -1.23354316f, 1.9813658f}};
  for (int step = 0; step < 3; ++step) {
    state[grad.node] = testing::floats({3}, grads[step]);
    state[numbers.node] = hyper(step + 1, 0.01);
    const auto values = testing::evaluate(graph, Context::make(1), state);
    for (const Value& kept : {param, m, v}) state[kept.node] = values[kept.node][0];
    for (int i = 0; i < 3; ++i)
      EXPECT_NEAR(state[param.node].data<float>()[i], expected[step][i], 5e-7) << step << ", " << i;
  }
}

// An embedding trained by rows is the embedding trained densely, bit for bit, with and without decay, through
// batches that touch different rows.
TEST(AdamW, RowsEqualDense) {
  const int64_t vocabulary = 40, width = 19, rows = 12;
  const Shape shape{vocabulary, width};
  for (double decay : {0.0, 0.01}) {
    Graph graph;
    const Value ids = graph.input("ids", i32({rows})), dy = graph.input("dy", f32({rows, width}));
    const Value numbers = graph.input("hyper", f32({4})), clip = graph.constant(Tensor::scalar(0.3f));
    std::vector<Value> dense, sparse;
    for (const char* name : {"p", "m", "v"}) {
      dense.push_back(graph.variable(name, f32(shape)));
      sparse.push_back(graph.variable(name + std::string("_rows"), f32(shape)));
    }
    const Value active = graph.variable("active", {DType::u8, {vocabulary}});
    const AdamWSettings settings{.weight_decay = decay};
    adamw(dense[0], embedding_grad(ids, dy, vocabulary), dense[1], dense[2], numbers, clip, settings);
    const RowGradient gradient = compact_rows(ids, dy);
    adamw_rows(sparse[0], sparse[1], sparse[2], gradient.rows, gradient.slots, active, numbers, clip,
               settings);

    Random random(9, "adamw");
    std::map<int, Tensor> state;
    for (int k = 0; k < 3; ++k) {
      state[dense[k].node] = k == 0 ? testing::normal(shape, random) : Tensor(DType::f32, shape);
      state[sparse[k].node] = state[dense[k].node].clone();
    }
    state[active.node] = Tensor(DType::u8, {vocabulary});
    for (int step = 1; step <= 6; ++step) {
      state[ids.node] = testing::integers({rows}, random, -1, 5 * step);
      state[dy.node] = testing::normal({rows, width}, random);
      state[numbers.node] = hyper(step, 0.05);
      const auto values = testing::evaluate(graph, Context::make(2), state);
      for (int k = 0; k < 3; ++k) {
        const Tensor &a = values[dense[k].node][0], &b = values[sparse[k].node][0];
        ASSERT_EQ(0, std::memcmp(a.bytes(), b.bytes(), a.byte_count()))
            << "decay " << decay << ", step " << step;
        state[dense[k].node] = a;
        state[sparse[k].node] = b;
      }
      state[active.node] = values[active.node][0];
    }
  }
}

TEST(SumSquares, AddsAllInputs) {
  Random random(1, "squares");
  const Tensor a = testing::normal({40000}, random), b = testing::normal({3, 5}, random);
  double expected = 0;
  for (float x : a.data<float>()) expected += double{x} * x;
  for (float x : b.data<float>()) expected += double{x} * x;
  const auto sum = testing::compute([](const auto& in) { return sum_squares({in[0], in[1]}); }, {a, b});
  EXPECT_NEAR(sum[0].data<float>()[0], expected, 1e-6 * expected);
}

TEST(ClipScale, IsAtMostOne) {
  const auto of = [](float squares) {
    return testing::compute([](const auto& in) { return clip_scale(in[0], 1); }, {Tensor::scalar(squares)})[0]
        .data<float>()[0];
  };
  EXPECT_EQ(of(0.25f), 1);
  EXPECT_FLOAT_EQ(of(16), 0.25f);
  EXPECT_TRUE(std::isnan(of(NAN)));
}

TEST(Accumulate, AddsInPlace) {
  Graph graph;
  const Value buffer = graph.variable("b", f32({2})), x = graph.input("x", f32({2}));
  accumulate(buffer, x);
  const auto values = testing::evaluate(
      graph, Context::make(1),
      {{buffer.node, testing::floats({2}, {1, 2})}, {x.node, testing::floats({2}, {10, 20})}});
  EXPECT_EQ(values[buffer.node][0].data<float>()[0], 11);
  EXPECT_EQ(values[buffer.node][0].data<float>()[1], 22);
}

}  // namespace
}  // namespace frugal

// Gradients with rebuilt activations against those with stored ones, and what the rebuilding saves.
#include "frugal/nn/reversible.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "frugal/graph/gradient.h"
#include "frugal/nn/net.h"
#include "frugal/ops/concat.h"
#include "frugal/ops/testing.h"
#include "frugal/passes/narrow.h"
#include "frugal/runtime/memory_plan.h"

namespace frugal {
namespace {

constexpr int64_t kWidth = 16;

// A stack of reversible layers on an input, its loss, and the gradients of all weights as outputs.
struct Stack {
  Stack(int layers, int64_t rows, Activations activations, bool whole_numbers = false) {
    NetOptions options;
    options.training = !whole_numbers;
    Net net(graph, {rows, 1, rows}, options);
    Value x1 = graph.input("x", f32({rows, kWidth})), x2 = x1;
    for (int i = 0; i < layers; ++i) {
      const Scope at = Scope("layer") / i;
      const auto branch = [&](const Scope& scope, Value x, Activation f) {
        if (whole_numbers) return net.activate(net.linear(scope / "dense", x, kWidth), Activation::relu);
        const Value inner = net.activate(net.linear(scope / "in", net.norm(scope / "norm", x, 1e-5), 40), f);
        return net.dropout(scope, net.linear(scope / "out", inner, kWidth), 0.2);
      };
      x1 = reversible_sum(x1, [&] { return branch(at / "f", x2, Activation::gelu); });
      x2 = reversible_sum(x2, [&] { return branch(at / "g", x1, Activation::tanh); });
    }
    const Value top = concat({x1, x2}, 1);
    const Value loss = testing::weighted_total(top, graph.input("w", f32(top.shape())));
    graph.set_output("loss", loss);
    std::vector<Value> targets{*graph.find_input("x")};
    for (const ParameterSpec& spec : net.parameters()) {
      targets.push_back(*graph.find_variable(spec.name));
      parameter_bytes += targets.back().type().byte_count();
    }
    gradients = add_gradients(graph, loss, targets, activations);
    for (size_t i = 0; i < gradients.size(); ++i)
      graph.set_output("gradient." + std::to_string(i), gradients[i]);
  }

  // The gradients, of random inputs and weights.
  std::vector<Tensor> run(bool whole_numbers) {
    std::map<int, Tensor> given;
    Random random(3, "stack");
    for (int i = 0; i < static_cast<int>(graph.nodes().size()); ++i) {
      const Node& node = graph.node(i);
      if (node.kind == NodeKind::operation || node.kind == NodeKind::constant) continue;
      if (node.name == "random") {
        given[i] = Tensor::of<int64_t>({2}, std::vector<int64_t>{5, 8});
        continue;
      }
      Tensor value = testing::normal(node.outputs[0].shape, random, node.name == "x" ? 1 : 0.3);
      for (float& v : value.data<float>()) {
        if (node.name.ends_with("norm.weight")) v += 1;
        if (whole_numbers) v = std::round(2 * v);
      }
      given[i] = value;
    }
    const auto values = testing::evaluate(graph, Context::make(2), given);
    std::vector<Tensor> result;
    for (const Value& gradient : gradients) result.push_back(values[gradient.node][gradient.output]);
    return result;
  }

  size_t activation_bytes() const { return plan_memory(graph).arena_bytes - parameter_bytes; }

  Graph graph;
  std::vector<Value> gradients;
  size_t parameter_bytes = 0;
};

// The largest difference of a gradient, relative to that gradient's largest value.
double difference(int layers) {
  const auto rebuilt = Stack(layers, 40, Activations::rebuild).run(false);
  const auto stored = Stack(layers, 40, Activations::store).run(false);
  EXPECT_EQ(1u + layers * 12, rebuilt.size());
  double most = 0;
  for (size_t t = 0; t < stored.size(); ++t) {
    double largest = 0, apart = 0;
    for (int64_t i = 0; i < stored[t].count(); ++i) {
      const double a = stored[t].data<float>()[i], b = rebuilt[t].data<float>()[i];
      largest = std::max(largest, std::abs(a));
      apart = std::max(apart, std::abs(a - b));
    }
    EXPECT_GT(largest, 0) << "gradient " << t;
    most = std::max(most, apart / largest);
  }
  return most;
}

// Each rebuilding rounds anew, and the layers below start from what it gave.
TEST(Reversible, GradientsEqualThoseOfStoredActivations) {
  EXPECT_LE(difference(2), 1e-6);
  EXPECT_LE(difference(6), 2e-6);
}

// Whole numbers below 2^24 are added and taken away without rounding.
TEST(Reversible, SameBitsWhereTheArithmeticIsExact) {
  const auto rebuilt = Stack(3, 12, Activations::rebuild, true).run(true);
  const auto stored = Stack(3, 12, Activations::store, true).run(true);
  for (size_t t = 0; t < stored.size(); ++t) {
    float largest = 0;
    for (float x : stored[t].data<float>()) largest = std::max(largest, std::abs(x));
    EXPECT_GT(largest, 0);
    EXPECT_LT(largest, 1 << 24);
    EXPECT_EQ(0, std::memcmp(stored[t].bytes(), rebuilt[t].bytes(), stored[t].byte_count())) << t;
  }
}

TEST(Reversible, MemoryDoesNotGrowWithTheLayers) {
  const auto bytes = [](int layers, Activations activations) {
    return static_cast<double>(Stack(layers, 4096, activations).activation_bytes());
  };
  EXPECT_LT(bytes(24, Activations::rebuild), 1.02 * bytes(2, Activations::rebuild));
  EXPECT_GT(bytes(24, Activations::store), 6 * bytes(2, Activations::store));
}

// A pass that drops rows makes the last sums ordinary ones; the others stay reversible.
TEST(Reversible, NarrowedSumsAreOrdinary) {
  Graph graph;
  Net net(graph, {32, 4, 16}, {});
  Value x1 = graph.input("x", f32({32, kWidth})), x2 = x1;
  for (int i = 0; i < 3; ++i) {
    x1 = reversible_sum(x1, [&] { return net.attend("a", x2, x2, x2, 2, 0); });
    x2 = reversible_sum(x2, [&] { return net.linear(Scope("g") / i, x1, kWidth); });
  }
  graph.set_output("first", net.first_of(concat({x1, x2}, 1)));
  EXPECT_EQ(6u, graph.reversible_sums().size());
  const auto narrow = narrow_rows(graph);
  ASSERT_EQ(4u, narrow->reversible_sums().size());
  for (const ReversibleSum& sum : narrow->reversible_sums()) {
    EXPECT_EQ(32, sum.sum.dim(0));
    EXPECT_LE(sum.first, sum.branch.node);
    EXPECT_EQ((std::vector<Value>{sum.x, sum.branch}), narrow->node(sum.sum.node).inputs);
  }
}

}  // namespace
}  // namespace frugal

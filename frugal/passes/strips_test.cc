#include "frugal/passes/strips.h"

#include <gtest/gtest.h>

#include "frugal/base/random.h"
#include "frugal/ops/add.h"
#include "frugal/ops/layer_norm.h"
#include "frugal/ops/matmul.h"
#include "frugal/ops/unary.h"
#include "frugal/passes/compile.h"
#include "frugal/passes/fuse.h"
#include "frugal/passes/lower.h"
#include "frugal/passes/share.h"
#include "frugal/runtime/row_strips.h"

namespace frugal {
namespace {

constexpr int64_t kWidth = 24;

Tensor random_tensor(const Shape& shape, const std::string& name) {
  Tensor tensor(DType::f32, shape);
  Random random(7, name);
  for (float& value : tensor.data<float>()) value = static_cast<float>(random.normal());
  return tensor;
}

// What follows attention in a block of BERT, up to the next queries and values; `rows` rows.
struct Model {
  Graph graph;
  std::shared_ptr<Store> store = std::make_shared<Store>();

  explicit Model(int64_t rows) {
    const Value x = graph.input("x", f32({rows, kWidth})), past = graph.input("past", f32({rows, kWidth}));
    const auto weight = [&](const std::string& name, const Shape& shape) {
      store->set(name, random_tensor(shape, name));
      return graph.variable(name, f32(shape));
    };
    const auto norm = [&](Value value, const std::string& name) {
      return layer_norm(value, weight(name + ".gamma", {kWidth}), weight(name + ".beta", {kWidth}), 1e-5f);
    };
    const Value first =
        norm(add(linear(x, weight("out", {kWidth, kWidth}), weight("out.bias", {kWidth})), past), "one");
    const Value wide = unary(linear(first, weight("up", {40, kWidth}), {}), Activation::gelu);
    const Value second = norm(add(linear(wide, weight("down", {kWidth, 40}), {}), first), "two");
    graph.set_output("queries", linear(second, weight("q", {kWidth, kWidth}), {}));
    graph.set_output("values", linear(second, weight("v", {kWidth, kWidth}), {}));
    graph.set_output("second", second);
  }

  // The passes of compile_for_inference before this one.
  std::shared_ptr<Graph> lowered(const Context& context) {
    return share_products(*fold_constants(
        *lower_products(*fuse_epilogues(graph), context.isa, Precision::f32), context, *store));
  }
};

std::map<std::string, std::vector<float>> run(Program& program) {
  for (const char* name : {"x", "past"}) {
    Tensor input = program.input(name);
    const Tensor given = random_tensor(input.shape(), name);
    std::copy_n(given.data<float>().begin(), input.count(), input.data<float>().begin());
  }
  program.run();
  std::map<std::string, std::vector<float>> outputs;
  for (const auto& [name, value] : program.graph().outputs()) {
    const Tensor tensor = program.output(name);
    outputs[name].assign(tensor.data<float>().begin(), tensor.data<float>().end());
  }
  return outputs;
}

std::vector<const RowStrips*> strips_of(const Program& program) {
  std::vector<const RowStrips*> found;
  for (const int i : program.plan().order)
    if (const auto* strips = dynamic_cast<const RowStrips*>(program.graph().node(i).op.get()))
      found.push_back(strips);
  return found;
}

TEST(RowStrips, OneStepForAllAndTheSameBits) {
  for (const int threads : {1, 2, 3}) {
    const Context context = Context::make(threads);
    for (const int64_t rows : {36, 39, 96, 128, 200, 777}) {  // whole strips, and a last one with fewer rows
      Model model(rows);
      const std::shared_ptr<Graph> plain = model.lowered(context);
      Program apart(plain, context, model.store);
      Program joined(join_row_operations(*plain, context), context, model.store);
      EXPECT_EQ(strips_of(apart).size(), 0u);
      EXPECT_EQ(joined.plan().order.size(), 1u);
      ASSERT_EQ(strips_of(joined).size(), 1u);
      EXPECT_LT(joined.arena_bytes(), apart.arena_bytes());
      EXPECT_EQ(run(apart), run(joined)) << rows << " rows, " << threads << " threads";
      EXPECT_EQ(price(apart.graph()).flops, price(joined.graph()).flops);
    }
  }
}

TEST(RowStrips, FewRowsStayApart) {
  const Context context = Context::make(2);
  Model model(12);
  Program program(join_row_operations(*model.lowered(context), context), context, model.store);
  EXPECT_EQ(strips_of(program).size(), 0u);
}

// 1.4 MB of weights pass by once for each strip.
TEST(RowStrips, HeavyWeightsNeedMoreRows) {
  const Context context = Context::make(2);
  constexpr int64_t kWide = 600;
  const auto strips = [&](int64_t rows) {
    Graph graph;
    auto store = std::make_shared<Store>();
    store->set("w", random_tensor({kWide, kWide}, "w"));
    store->set("one", random_tensor({kWide}, "one"));
    const Value w = graph.variable("w", f32({kWide, kWide})), one = graph.variable("one", f32({kWide}));
    const Value x = graph.input("x", f32({rows, kWide}));
    graph.set_output("y", layer_norm(linear(x, w, {}), one, one, 1e-5f));
    const auto lowered = fold_constants(*lower_products(graph, context.isa, Precision::f32), context, *store);
    return strips_of(Program(join_row_operations(*lowered, context), context, store)).size();
  };
  EXPECT_EQ(strips(24), 0u);
  EXPECT_EQ(strips(32), 1u);
}

// A matrix that its own rows make cannot be cut by them: the second product's right side is the first's
// result.
TEST(RowStrips, WhatReadsAllRowsEndsAGroup) {
  const Context context = Context::make(1);
  const int64_t rows = 64;
  Graph graph;
  auto store = std::make_shared<Store>();
  store->set("w", random_tensor({rows, rows}, "w"));
  const Value x = graph.input("x", f32({rows, rows}));
  const Value y = linear(x, graph.variable("w", f32({rows, rows})), {});
  graph.set_output("z", unary(matmul(x, y), Activation::tanh));
  const std::shared_ptr<Graph> plain = lower_products(graph, context.isa, Precision::f32);
  const std::shared_ptr<Graph> joined = join_row_operations(*plain, context);
  Program apart(plain, context, store), together(joined, context, store);
  ASSERT_EQ(strips_of(together).size(), 1u);  // the product of x and y with its tanh
  const auto outputs = [&](Program& program) {
    Tensor input = program.input("x");
    const Tensor given = random_tensor({rows, rows}, "x");
    std::copy_n(given.data<float>().begin(), input.count(), input.data<float>().begin());
    program.run();
    const Tensor z = program.output("z");
    return std::vector<float>(z.data<float>().begin(), z.data<float>().end());
  };
  EXPECT_EQ(outputs(apart), outputs(together));
}

}  // namespace
}  // namespace frugal

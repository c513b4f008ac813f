#include "frugal/passes/share.h"

#include <gtest/gtest.h>

#include "frugal/base/random.h"
#include "frugal/ops/activation.h"
#include "frugal/ops/matmul.h"
#include "frugal/ops/testing.h"
#include "frugal/ops/unary.h"
#include "frugal/passes/fuse.h"
#include "frugal/passes/lower.h"
#include "frugal/runtime/program.h"

namespace frugal {
namespace {

constexpr int64_t kRows = 9, kWidth = 24;

Tensor random_matrix(int64_t rows, int64_t columns, const std::string& name) {
  Tensor tensor(DType::f32, {rows, columns});
  Random random(3, name);
  for (float& value : tensor.data<float>()) value = static_cast<float>(random.normal());
  return tensor;
}

// q and v of x, a gated pair of q, and a product of another width.
struct Model {
  Graph graph;
  std::shared_ptr<Store> store = std::make_shared<Store>();

  Model() {
    const Value x = graph.input("x", f32({kRows, kWidth}));
    const auto weight = [&](const std::string& name, int64_t n) {
      store->set(name, random_matrix(n, kWidth, name));
      return graph.variable(name, f32({n, kWidth}));
    };
    const Value q = linear(x, weight("q", kWidth), {}), v = linear(x, weight("v", kWidth), {});
    graph.set_output("v", v);
    const Value gate = unary(linear(q, weight("gate", 40), {}), Activation::silu);
    graph.set_output("gate", gate);
    graph.set_output("up", linear(q, weight("up", 40), {}));
    graph.set_output("narrow", linear(x, weight("narrow", 8), {}));
  }
};

std::map<std::string, std::vector<float>> run(Program& program) {
  Tensor x = program.input("x");
  const Tensor given = random_matrix(kRows, kWidth, "x");
  std::copy_n(given.data<float>().begin(), x.count(), x.data<float>().begin());
  program.run();
  std::map<std::string, std::vector<float>> outputs;
  for (const char* name : {"v", "gate", "up", "narrow"}) {
    const Tensor tensor = program.output(name);
    outputs[name].assign(tensor.data<float>().begin(), tensor.data<float>().end());
  }
  return outputs;
}

TEST(ShareProducts, JoinsThoseOfOneInputAndWidthAndChangesNoBit) {
  const Context context = Context::make(2);
  Model model;
  const std::shared_ptr<Graph> plain = fold_constants(
      *lower_products(*fuse_epilogues(model.graph), context.isa, Precision::f32), context, *model.store);
  const std::shared_ptr<Graph> shared = share_products(*plain);
  EXPECT_EQ(testing::count_of(*plain, "packed_matmul"), 5);
  EXPECT_EQ(testing::count_of(*shared, "packed_matmul"), 1);
  EXPECT_EQ(testing::count_of(*shared, "shared_matmul"), 2);
  Program one(plain, context, model.store), other(shared, context, model.store);
  EXPECT_EQ(run(one), run(other));
}

}  // namespace
}  // namespace frugal

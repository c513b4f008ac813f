#include "frugal/passes/lone_queries.h"

#include <gtest/gtest.h>

#include <cmath>

#include "frugal/graph/gradient.h"
#include "frugal/ops/attention.h"
#include "frugal/ops/gather_rows.h"
#include "frugal/ops/matmul.h"
#include "frugal/ops/testing.h"
#include "frugal/passes/narrow.h"

namespace frugal {
namespace {

constexpr int64_t kRows = 24, kWidth = 12;
const std::vector<int32_t> kOffsets{0, 7, 8, 21}, kFirst{0, 7, 8}, kLast{6, 7, 20};
const std::vector<std::string> kWeights{"wq", "bq", "wk", "bk", "wv", "bv", "wo"};

// A layer's attention of which one row a sequence is read, and the gradients of that row's weighted sum.
std::shared_ptr<Graph> layer(const std::string& rows, AttentionOptions options,
                             bool keys_read_twice = false) {
  auto made = std::make_shared<Graph>();
  Graph& graph = *made;
  const Value x = graph.variable("x", f32({kRows, kWidth}));
  const auto project = [&](const std::string& name) {
    return linear(x, graph.variable("w" + name, f32({kWidth, kWidth})),
                  graph.variable("b" + name, f32({kWidth})));
  };
  const Value offsets = graph.input("offsets", {DType::i32, {4}});
  const Value q = project("q"), k = project("k"), v = project("v");
  const Value out =
      linear(attention(q, k, v, offsets, offsets, options), graph.variable("wo", f32({kWidth, kWidth})), {});
  const Value picked = gather_rows(out, graph.input(rows, {DType::i32, {3}}),
                                   graph.input("sequence_offsets", {DType::i32, {4}}));
  graph.set_output("picked", picked);
  graph.set_output("loss", testing::weighted_total(picked, graph.variable("weight", f32({3, kWidth}))));
  if (keys_read_twice) graph.set_output("keys", k);
  return made;
}

std::map<std::string, Tensor> run(Graph& graph) {
  std::vector<Value> weights;
  for (const std::string& name : kWeights) weights.push_back(*graph.find_variable(name));
  weights.push_back(*graph.find_variable("x"));
  const std::vector<Value> gradients = add_gradients(graph, graph.outputs().at("loss"), weights);
  std::map<int, Tensor> given;
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    const Node& node = graph.node(static_cast<int>(i));
    const auto ints = [&](const std::vector<int32_t>& values) {
      given.emplace(static_cast<int>(i), testing::ints(values));
    };
    if (node.name == "offsets") ints(kOffsets);
    if (node.name == "sequence_offsets") ints({0, 1, 2, 3});
    if (node.name == "first_rows") ints(kFirst);
    if (node.name == "last_rows") ints(kLast);
    Random random(5, node.name);
    if (node.kind == NodeKind::variable)
      given.emplace(static_cast<int>(i), testing::normal(node.outputs[0].shape, random, 0.5));
  }
  const auto all = testing::evaluate(graph, Context::make(2), given);
  std::map<std::string, Tensor> result;
  const auto keep = [&](const std::string& name, Value value) {
    result[name] = all[value.node][value.output];
  };
  keep("picked", graph.outputs().at("picked"));
  for (size_t i = 0; i < weights.size(); ++i)
    if (gradients[i]) keep(i < kWeights.size() ? kWeights[i] : "x", gradients[i]);
  return result;
}

void expect_same(Graph& plain) {
  const std::shared_ptr<Graph> joined = join_lone_queries(*narrow_rows(plain));
  EXPECT_EQ(2, testing::count_of(*joined, "head_linear"));
  auto expected = run(plain), ours = run(*joined);
  EXPECT_FALSE(ours.count("bk"));
  for (float g : expected.at("bk").data<float>()) EXPECT_NEAR(0, g, 1e-5);
  expected.erase("bk");
  ASSERT_EQ(expected.size(), ours.size());
  for (const auto& [name, tensor] : expected) {
    const std::span<const float> a = tensor.data<float>(), b = ours.at(name).data<float>();
    ASSERT_EQ(a.size(), b.size()) << name;
    for (size_t i = 0; i < a.size(); ++i)
      ASSERT_NEAR(a[i], b[i], 2e-5 * (1 + std::abs(a[i]))) << name << " " << i;
  }
}

TEST(LoneQueries, SameOutputsAndGradients) { expect_same(*layer("first_rows", {.heads = 3, .scale = 0.5})); }

TEST(LoneQueries, LastRowOfCausalAttentionSeesAllKeys) {
  expect_same(*layer("last_rows", {.heads = 2, .scale = 0.4, .causal = true}));
}

TEST(LoneQueries, OtherAttentionStaysAsItIs) {
  const AttentionOptions options{.heads = 3};
  const auto joins = [](const std::shared_ptr<Graph>& graph, const Store* store = nullptr) {
    return testing::count_of(*join_lone_queries(*narrow_rows(*graph), store), "head_linear");
  };
  EXPECT_EQ(2, joins(layer("first_rows", options)));
  EXPECT_EQ(0, joins(layer("some_rows", options)));
  EXPECT_EQ(0, joins(layer("first_rows", options, /*keys_read_twice=*/true)));
  EXPECT_EQ(0, joins(layer("last_rows", {.heads = 3, .causal = true, .window = 4})));
  EXPECT_EQ(0, testing::count_of(*join_lone_queries(*layer("first_rows", options)), "head_linear"));
  Store integers;
  integers.set("wk", Tensor(DType::i8, {kWidth, kWidth}));
  EXPECT_EQ(0, joins(layer("first_rows", options), &integers));
}

}  // namespace
}  // namespace frugal

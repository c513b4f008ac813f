// What configurations and tensors of the T5 family mean; numbers are tested by tests/cases/t5 and switch.
#include "frugal/models/t5.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "frugal/base/error.h"
#include "frugal/models/weights.h"

namespace frugal {
namespace {

Json t5_config(const std::string& architecture, const Json& changes = Json::object()) {
  Json config{{"architectures", {architecture}},
              {"vocab_size", 40},
              {"d_model", 16},
              {"d_kv", 6},
              {"d_ff", 20},
              {"num_layers", 4},
              {"num_heads", 2}};
  config.update(changes);
  return config;
}

std::set<std::string> names_of(const Model& model) {
  std::set<std::string> names;
  for (const ParameterSpec& spec : model.parameters()) names.insert(spec.name);
  return names;
}

// Nodes of an operation in the graph, by its name.
int64_t count(const Model& model, std::string_view operation) {
  Graph graph;
  Net net(graph, {8, 1, 16, 1, 8, 16}, {});
  model.build(net);
  return std::ranges::count_if(graph.nodes(),
                               [&](const Node& node) { return node.op && node.op->name() == operation; });
}

std::string problem_of(const Json& config) {
  try {
    make_model(config, "config.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(T5Config, OlderFilesSayByTheTieWhetherTheOutputIsScaled) {
  const std::string head = "T5ForConditionalGeneration";
  EXPECT_EQ(count(*make_model(t5_config(head), ""), "scale"), 1);
  EXPECT_EQ(count(*make_model(t5_config(head, {{"tie_word_embeddings", true}}), ""), "scale"), 1);
  const auto untied = make_model(t5_config(head, {{"tie_word_embeddings", false}}), "");
  EXPECT_EQ(count(*untied, "scale"), 0);
  EXPECT_TRUE(names_of(*untied).count("lm_head.weight"));
  EXPECT_EQ(count(*make_model(t5_config("MT5ForConditionalGeneration"), ""), "scale"), 0);
  const Json today{{"tie_word_embeddings", true}, {"scale_decoder_outputs", false}};
  EXPECT_EQ(count(*make_model(t5_config(head, today), ""), "scale"), 0);
}

TEST(T5Config, TensorsSayWhetherTheHeadIsTied) {
  const auto model = make_model(t5_config("T5ForConditionalGeneration"), "");
  Tensor table(DType::f32, {40, 16}), other(DType::f32, {40, 16});
  std::ranges::fill(table.data<float>(), 1.0f);
  std::ranges::fill(other.data<float>(), 2.0f);
  EXPECT_FALSE(model->config_for({{"shared.weight", table}}));
  EXPECT_FALSE(model->config_for({{"shared.weight", table}, {"lm_head.weight", table.clone()}}));
  const auto untied = model->config_for({{"shared.weight", table}, {"lm_head.weight", other}});
  ASSERT_TRUE(untied);
  EXPECT_EQ((*untied)["tie_word_embeddings"], false);
  EXPECT_EQ((*untied)["scale_decoder_outputs"], true);  // as it was
  EXPECT_THROW(model->config_for({{"shared.weight", table}, {"encoder.embed_tokens.weight", other}}), Error);
  EXPECT_FALSE(model->config_for({{"shared.weight", table}, {"encoder.embed_tokens.weight", table.clone()}}));
  const auto without =
      make_model(t5_config("T5ForConditionalGeneration", {{"tie_word_embeddings", false}}), "");
  const auto tied = without->config_for({{"shared.weight", table}});
  ASSERT_TRUE(tied);
  EXPECT_EQ((*tied)["tie_word_embeddings"], true);
  EXPECT_EQ((*tied)["scale_decoder_outputs"], false);
}

TEST(T5Config, KnowsTheFirstCheckpointsNames) {
  const auto model = make_model(t5_config("T5WithLMHeadModel"), "");
  EXPECT_EQ(model->info().head, "ForConditionalGeneration");
  EXPECT_TRUE(model->info().word_labels);
  EXPECT_TRUE(model->is_buffer("decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"));
  EXPECT_EQ(model->canonical_name("encoder.embed_tokens.weight"), "shared.weight");
}

TEST(T5Config, NamesAllProblemsAtOnce) {
  Json config = t5_config("T5ForConditionalGeneration", {{"num_heads", 0},
                                                         {"relative_attention_num_buckets", 30},
                                                         {"dropout_rate", 2},
                                                         {"dense_act_fn", "sine"},
                                                         {"pad_token_id", 40}});
  config.erase("d_kv");
  const std::string problem = problem_of(config);
  for (const char* part :
       {"num_heads", "relative_attention_num_buckets", "30", "dropout_rate", "sine", "pad_token_id", "d_kv"})
    EXPECT_NE(problem.find(part), std::string::npos) << part << " in: " << problem;
  EXPECT_NE(problem_of(t5_config("T5Model", {{"relative_attention_max_distance", 16}}))
                .find("relative_attention_max_distance"),
            std::string::npos);
  EXPECT_NE(problem_of(t5_config("T5ForCausalLM")).find("architectures"), std::string::npos);
}

TEST(SwitchConfig, PlacesItsSparseLayers) {
  struct Sample {
    int64_t layers, sparse;
    std::vector<int64_t> expected;
  };
  // One layer in `layers / sparse`, the second first; none asked for still gives layer 1, as in the
  // reference.
  for (const Sample& sample : std::vector<Sample>{
           {4, 2, {1, 3}}, {4, 4, {0, 1, 2, 3}}, {3, 1, {1}}, {3, 0, {1}}, {2, 3, {}}, {5, 2, {1, 3}}}) {
    const auto model =
        make_model(t5_config("SwitchTransformersEncoderModel", {{"num_layers", sample.layers},
                                                                {"num_sparse_encoder_layers", sample.sparse},
                                                                {"num_sparse_decoder_layers", 1}}),
                   "");
    const std::set<std::string> names = names_of(*model);
    std::vector<int64_t> sparse;
    for (int64_t i = 0; i < sample.layers; ++i)
      if (names.count("encoder.block." + std::to_string(i) + ".layer.1.mlp.router.classifier.weight"))
        sparse.push_back(i);
    EXPECT_EQ(sparse, sample.expected) << sample.layers << " layers, " << sample.sparse << " sparse";
  }
}

TEST(SwitchConfig, NamesAllProblemsAtOnce) {
  const std::string problem = problem_of(
      t5_config("SwitchTransformersForConditionalGeneration", {{"num_experts", 0},
                                                               {"expert_capacity", -1},
                                                               {"router_dtype", "bfloat16"},
                                                               {"router_jitter_noise", 1.5},
                                                               {"num_sparse_decoder_layers", -2}}));
  for (const char* part :
       {"num_experts", "expert_capacity", "router_dtype", "router_jitter_noise", "num_sparse_decoder_layers"})
    EXPECT_NE(problem.find(part), std::string::npos) << part << " in: " << problem;
}

TEST(SwitchWeights, AreWrittenUnderEveryNameThatTheReferenceNeeds) {
  const std::string head = "SwitchTransformersForConditionalGeneration";
  for (const bool tied : {true, false}) {
    const auto model = make_model(t5_config(head, {{"tie_word_embeddings", tied}}), "");
    Store store;
    for (const ParameterSpec& spec : model->parameters()) store.set(spec.name, initial_value(spec, 0.1, 1));
    const TensorMap written = weights_to_save(*model, store);
    EXPECT_EQ(written.count("lm_head.weight"), tied ? 0u : 1u);
    EXPECT_EQ(written.count("encoder.embed_tokens.weight"), tied ? 0u : 1u);
    EXPECT_EQ(written.count("decoder.embed_tokens.weight"), tied ? 0u : 1u);
    const LoadedWeights again = match_weights(*model, written, "test");
    EXPECT_FALSE(model->config_for(written));
    EXPECT_EQ(again.store->find("shared.weight")->count(), 40 * 16);
  }
}

TEST(SwitchTraining, DropsAndJittersByTheirOwnSites) {
  const auto model = make_model(t5_config("SwitchTransformersEncoderModel"), "");
  Graph graph;
  NetOptions options;
  options.training = true;
  Net net(graph, {8, 1, 16, 1, 8, 16}, options);
  model->build(net);
  std::set<std::string> sites;
  int64_t random = 0;
  for (const Node& node : graph.nodes())
    if (node.op && (node.op->name() == "dropout" || node.op->name() == "jitter")) {
      ++random;
      sites.insert(node.op->attributes());
    }
  EXPECT_EQ(static_cast<int64_t>(sites.size()), random);
}

}  // namespace
}  // namespace frugal

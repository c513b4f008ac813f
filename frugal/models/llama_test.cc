#include "frugal/models/llama.h"

#include <gtest/gtest.h>

#include "frugal/base/error.h"

namespace frugal {
namespace {

Json llama_config(const Json& changes = Json::object()) {
  Json config{{"architectures", {"LlamaForCausalLM"}},
              {"model_type", "llama"},
              {"vocab_size", 40},
              {"hidden_size", 16},
              {"intermediate_size", 24},
              {"num_hidden_layers", 1},
              {"num_attention_heads", 4},
              {"num_key_value_heads", 2}};
  config.update(changes);
  return config;
}

std::string problem_of(const Json& config) {
  try {
    make_model(config, "config.json");
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

std::map<std::string, Shape> shapes_of(const Json& config) {
  std::map<std::string, Shape> shapes;
  for (const ParameterSpec& spec : make_model(config, "")->parameters()) shapes[spec.name] = spec.shape;
  return shapes;
}

TEST(LlamaConfig, HeadsShareKeysAndValues) {
  const auto shapes = shapes_of(llama_config({{"head_dim", 6}}));
  EXPECT_EQ(shapes.at("model.layers.0.self_attn.q_proj.weight"), (Shape{24, 16}));
  EXPECT_EQ(shapes.at("model.layers.0.self_attn.k_proj.weight"), (Shape{12, 16}));
  EXPECT_EQ(shapes.at("model.layers.0.self_attn.o_proj.weight"), (Shape{16, 24}));
  EXPECT_EQ(shapes.count("lm_head.weight"), 1u);
  EXPECT_EQ(shapes_of(llama_config({{"tie_word_embeddings", true}})).count("lm_head.weight"), 0u);
}

TEST(LlamaConfig, CachesHoldEachSharedHeadOnce) {
  Graph graph;
  Net net(
      graph, kSmallestBatch,
      {.stage = Stage::step, .cache = {.rows = 9, .capacity = 9, .source_rows = 0, .source_capacity = 0}});
  make_model(llama_config(), "")->build(net);
  const auto keys = graph.find_variable("cache.model.layers.0.self_attn.key");
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->shape(), (Shape{9, 8}));  // 2 of 4 heads, of 4 features each
}

TEST(LlamaConfig, BiasesAsTheFamilyHasThem) {
  const std::string attention = "model.layers.0.self_attn.";
  const auto llama = shapes_of(llama_config()), biased = shapes_of(llama_config({{"attention_bias", true}}));
  EXPECT_EQ(llama.count(attention + "q_proj.bias"), 0u);
  EXPECT_EQ(biased.count(attention + "q_proj.bias") + biased.count(attention + "o_proj.bias"), 2u);
  const auto qwen =
      shapes_of(llama_config({{"architectures", {"Qwen2ForCausalLM"}}, {"model_type", "qwen2"}}));
  EXPECT_EQ(qwen.count(attention + "q_proj.bias"), 1u);
  EXPECT_EQ(qwen.count(attention + "o_proj.bias"), 0u);
}

TEST(LlamaConfig, NamesAllProblemsAtOnce) {
  const std::string problem =
      problem_of(llama_config({{"num_key_value_heads", 3},
                               {"head_dim", 5},
                               {"hidden_act", "sine"},
                               {"rms_norm_eps", -1},
                               {"rope_scaling", {{"rope_type", "yarn"}, {"rope_theta", 0}}}}));
  for (const char* part : {"num_key_value_heads", "head_dim", "sine", "rms_norm_eps", "rope_theta"})
    EXPECT_NE(problem.find(part), std::string::npos) << part << " in: " << problem;
  EXPECT_NE(problem_of(llama_config({{"rope_scaling", {{"type", "yarn"}}}})).find("yarn"), std::string::npos);
  EXPECT_NE(problem_of(llama_config({{"rope_parameters", 5}})).find("rope_parameters"), std::string::npos);
  EXPECT_EQ(problem_of(llama_config({{"rope_scaling", nullptr}})), "");
}

}  // namespace
}  // namespace frugal

// The memory of training a deep Reformer: reversible layers keep nothing but the bits of near ties.
#include <gtest/gtest.h>

#include "frugal/models/reformer.h"
#include "frugal/passes/lower.h"
#include "frugal/runtime/memory_plan.h"
#include "frugal/train/step_graph.h"

namespace frugal {
namespace {

// Bytes of a training step beyond the gradients, which are as many as the weights. No weights are made.
double activation_bytes(int64_t layers, int64_t tokens, Activations activations, int hashes,
                        int64_t ffn_rows = 0) {
  Json kinds = Json::array();
  for (int64_t i = 0; i < layers; ++i) kinds.push_back(i % 2 ? "lsh" : "local");
  const Json config{{"architectures", {"ReformerModelWithLMHead"}},
                    {"vocab_size", 320},
                    {"hidden_size", 128},
                    {"attn_layers", kinds},
                    {"num_attention_heads", 4},
                    {"attention_head_size", 32},
                    {"feed_forward_size", 512},
                    {"is_decoder", true},
                    {"axial_pos_shape", {64, 128}},
                    {"axial_pos_embds_dim", {32, 96}},
                    {"max_position_embeddings", 8192},
                    {"num_buckets", {16, 8}},
                    {"num_hashes", hashes},
                    {"chunk_size_feed_forward", ffn_rows}};
  const auto model = make_model(config, "config.json");
  StepOptions options;
  options.activations = activations;
  const LabelObjective objective(std::vector<int32_t>{0});
  const auto graph = update_graph(*model, objective, {tokens, 1, tokens}, options);
  int64_t parameters = 0;
  for (const ParameterSpec& spec : model->parameters()) parameters += element_count(spec.shape);
  return static_cast<double>(plan_memory(*lower_products(*graph, Isa::generic, Precision::f32)).arena_bytes) -
         4.0 * static_cast<double>(parameters);
}

TEST(ReformerMemory, TrainingTakesNoMoreWithMoreLayers) {
  for (int hashes : {1, 4})
    EXPECT_LT(activation_bytes(24, 8192, Activations::rebuild, hashes),
              1.02 * activation_bytes(2, 8192, Activations::rebuild, hashes))
        << hashes << " hashes";
  EXPECT_GT(activation_bytes(24, 8192, Activations::store, 1),
            5 * activation_bytes(2, 8192, Activations::store, 1));
}

TEST(ReformerMemory, IsLinearInTheLength) {
  const double shorter = activation_bytes(4, 2048, Activations::rebuild, 2);
  EXPECT_LT(activation_bytes(4, 8192, Activations::rebuild, 2), 4.1 * shorter);
}

TEST(ReformerMemory, PiecesOfTheFeedForwardLayerTakeLess) {
  EXPECT_LT(activation_bytes(2, 8192, Activations::rebuild, 1, 512),
            0.9 * activation_bytes(2, 8192, Activations::rebuild, 1));
}

}  // namespace
}  // namespace frugal

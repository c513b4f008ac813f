// Quantized weights beyond dense layers: experts run in integers, routers and biases stay as they are.
#include "frugal/shrink/quantize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "frugal/base/random.h"
#include "frugal/models/inference.h"
#include "frugal/models/weights.h"

namespace frugal {
namespace {

TEST(Quantize, KeepsRoutersAndBiasesAndRunsExpertsInIntegers) {
  const Json config{{"architectures", {"SwitchTransformersEncoderModel"}},
                    {"vocab_size", 50},
                    {"d_model", 48},
                    {"d_kv", 12},
                    {"d_ff", 64},
                    {"num_layers", 2},
                    {"num_heads", 4},
                    {"num_experts", 4},
                    {"num_sparse_encoder_layers", 1}};
  const std::shared_ptr<const Model> model = make_model(config, "test");
  auto store = std::make_shared<Store>();
  for (const ParameterSpec& spec : model->parameters()) store->set(spec.name, initial_value(spec, 0.2, 3));
  const Student small = quantize(*model, *store);
  const std::string block = "encoder.block.";
  const auto type = [&](const std::string& name) { return small.store->find(name)->type(); };
  EXPECT_EQ(type(block + "1.layer.1.mlp.router.classifier.weight"), DType::f32);
  EXPECT_EQ(type(block + "0.layer.0.SelfAttention.relative_attention_bias.weight"), DType::f32);
  EXPECT_EQ(type(block + "1.layer.1.mlp.experts.expert_3.wi.weight"), DType::i8);
  EXPECT_EQ(type("shared.weight"), DType::i8);

  Random random(5, "ids");
  Sequence text;
  for (int i = 0; i < 30; ++i) text.ids.push_back(static_cast<int32_t>(random.below(50)));
  text.types.assign(text.ids.size(), 0);
  const PackedBatch batch = pack_batch(std::vector<Sequence>{text});
  const auto run = [&](const std::shared_ptr<const Model>& m, const std::shared_ptr<Store>& weights) {
    Inference inference(m, weights, Context::make(2));
    return inference.run(batch).output("last_hidden_state").clone();
  };
  const Tensor exact = run(model, store), rough = run(small.model, small.store);
  double dot = 0, a = 0, b = 0;
  for (int64_t i = 0; i < exact.count(); ++i) {
    dot += double{exact.data<float>()[i]} * rough.data<float>()[i];
    a += std::pow(exact.data<float>()[i], 2);
    b += std::pow(rough.data<float>()[i], 2);
  }
  // Seven bits a weight, T5's unscaled scores, and tokens between two experts that change sides: 0.991 here.
  EXPECT_GT(dot / std::sqrt(a * b), 0.98);
  EXPECT_LT(dot / std::sqrt(a * b), 1);
}

// The slow twin: a scale of the largest magnitude over 63, each weight over it to the nearest integer.
void expect_nearest(const Tensor& weight, const Tensor& integers, const Tensor& scales, bool by_row,
                    const std::string& name) {
  const int64_t rows = weight.dim(0), columns = weight.dim(1);
  const float* w = weight.data<float>().data();
  ASSERT_EQ(scales.count(), by_row ? rows : columns) << name;
  for (int64_t s = 0; s < scales.count(); ++s) {
    const int64_t first = by_row ? s * columns : s, step = by_row ? 1 : columns,
                  end = by_row ? columns : rows;
    float largest = 0;
    for (int64_t i = 0; i < end; ++i) largest = std::max(largest, std::fabs(w[first + i * step]));
    const float scale = largest / 63 > 0 ? largest / 63 : 1;
    ASSERT_EQ(scales.data<float>()[s], scale) << name;
    for (int64_t i = 0; i < end; ++i) {
      const int64_t at = first + i * step;
      ASSERT_EQ(integers.data<int8_t>()[at], std::nearbyint(w[at] / scale)) << name << " " << w[at];
    }
  }
}

TEST(Quantize, RoundsEachWeightToTheNearest) {
  const Json bert{{"architectures", {"BertModel"}}, {"vocab_size", 50},         {"hidden_size", 36},
                  {"num_hidden_layers", 1},         {"num_attention_heads", 3}, {"intermediate_size", 50},
                  {"max_position_embeddings", 20},  {"type_vocab_size", 2}};
  const Json gpt2{{"architectures", {"GPT2Model"}},
                  {"vocab_size", 50},
                  {"n_embd", 36},
                  {"n_layer", 1},
                  {"n_head", 3},
                  {"n_positions", 20}};
  for (const Json& config : {bert, gpt2}) {
    const std::shared_ptr<const Model> model = make_model(config, "test");
    auto store = std::make_shared<Store>();
    for (const ParameterSpec& spec : model->parameters()) {
      Tensor weight = initial_value(spec, 0.2, 3);
      const auto w = weight.data<float>();
      for (size_t i = 0; i < w.size(); ++i) {  // halves, nothing, and numbers near the smallest
        if (i % 7 == 0) w[i] = static_cast<float>(static_cast<int>(i) % 253 - 126) / 2;
        if (i % 36 == 0 && i / 36 % 3 == 1) w[i] = 63;  // a scale of 1, so that the halves stay halves
        if (i / 36 % 11 == 3) w[i] = 0;
        if (i / 36 % 11 == 5) w[i] *= 1e-37f;
      }
      store->set(spec.name, weight);
    }
    const Student small = quantize(*model, *store);
    int found = 0;
    for (const ParameterSpec& spec : model->parameters()) {
      const Tensor& integers = *small.store->find(spec.name);
      if (integers.type() != DType::i8) continue;
      ++found;
      const bool by_row = config == bert || spec.name.find(".weight") == std::string::npos ||
                          spec.name.find("wte") != std::string::npos ||
                          spec.name.find("wpe") != std::string::npos;
      expect_nearest(*store->find(spec.name), integers, *small.store->find(spec.name + "_scale"), by_row,
                     spec.name);
    }
    EXPECT_GE(found, 5);
  }
}

}  // namespace
}  // namespace frugal

// Quantized weights beyond dense layers: experts run in integers, routers and biases stay as they are.
#include "frugal/shrink/quantize.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace frugal

#include "frugal/eval/xlnet_inputs.h"

#include <gtest/gtest.h>

#include "frugal/base/error.h"
#include "frugal/eval/run_tensors.h"
#include "frugal/models/testing.h"

namespace frugal {
namespace {

Tensor floats(Shape shape, std::vector<float> values) { return Tensor::of<float>(std::move(shape), values); }
Tensor integers(Shape shape, std::vector<int64_t> values) {
  return Tensor::of<int64_t>(std::move(shape), values);
}

test::SmallModel language_model(const Json& changes = Json::object()) {
  Json config{{"architectures", {"XLNetLMHeadModel"}},
              {"model_type", "xlnet"},
              {"vocab_size", 30},
              {"d_model", 8},
              {"n_layer", 2},
              {"n_head", 2},
              {"d_inner", 12}};
  config.update(changes);
  return test::small_model(config);
}

// Two rows of four tokens, the second with its first left out.
TensorMap batch() {
  return {{"input_ids", integers({2, 4}, {1, 2, 3, 4, 5, 6, 7, 8})},
          {"attention_mask", integers({2, 4}, {1, 1, 1, 1, 0, 1, 1, 1})}};
}

RunResult run(const test::SmallModel& small, TensorMap inputs) {
  RunRequest request;
  request.inputs = std::move(inputs);
  return run_tensors(*small.model, small.store, Context::make(2), request);
}

std::string refusal(const test::SmallModel& small, const TensorMap& inputs) {
  try {
    run(small, inputs);
  } catch (const Error& error) {
    return error.where() + ": " + error.message();
  }
  return "nothing";
}

TEST(XlnetInputs, NameWhatTheyRefuse) {
  const test::SmallModel small = language_model();
  const auto with = [](const char* name, Tensor value) {
    TensorMap inputs = batch();
    inputs[name] = std::move(value);
    return inputs;
  };
  const Tensor mixed = floats({2, 1, 4}, {0, 1, 0, 0, 0, 0.5f, 0.5f, 0});
  EXPECT_EQ(refusal(small, with("target_mapping", mixed)),
            "target_mapping: row 0 of sequence 1 is not 0 but for one 1");
  const Tensor twice = floats({2, 2, 4}, {0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0});
  EXPECT_EQ(refusal(small, with("target_mapping", twice)),
            "target_mapping: two rows of sequence 0 name position 1");
  EXPECT_EQ(refusal(small, with("target_mapping", floats({2, 4}, std::vector<float>(8)))),
            "target_mapping: is [2, 4], expected [batch, queries, length]");
  EXPECT_EQ(refusal(small, with("perm_mask", floats({2, 4}, std::vector<float>(8)))),
            "perm_mask: is [2, 4], expected [2, 4, 4]");
  EXPECT_EQ(refusal(small, with("mems.0", floats({3, 2, 8}, std::vector<float>(48)))),
            "mems.1: is missing, though mems.0 is given");
  EXPECT_EQ(refusal(small, with("mems.0", floats({3, 2, 7}, std::vector<float>(42)))),
            "mems.0: is [3, 2, 7], expected [3, 2, 8]");
  EXPECT_EQ(refusal(small, with("input_mask", floats({2, 4}, std::vector<float>(8)))),
            "input_mask: is given beside attention_mask");
  EXPECT_EQ(refusal(small, with("position_ids", integers({2, 4}, {0, 1, 2, 3, 0, 1, 2, 3}))),
            "position_ids: XLNet has no absolute positions");
  EXPECT_EQ(refusal(test::small_xlnet(), with("target_mapping", floats({2, 1, 4}, {0, 1, 0, 0, 0, 1, 0, 0}))),
            "target_mapping: XLNetForSequenceClassification reads the tokens' own rows");
}

TEST(XlnetInputs, AQueryDoesNotSeeItsOwnToken) {
  const test::SmallModel small = language_model();
  TensorMap inputs = batch();
  // The query at position 2 sees the others; all see all but that.
  inputs["perm_mask"] = floats({2, 4, 4}, std::vector<float>(32));
  inputs["target_mapping"] = floats({2, 1, 4}, {0, 0, 1, 0, 0, 0, 1, 0});
  for (int64_t s = 0; s < 2; ++s)
    for (int64_t i = 0; i < 4; ++i) inputs["perm_mask"].data<float>()[(s * 4 + i) * 4 + 2] = 1;
  const Tensor before = run(small, inputs).outputs.at("logits");
  ASSERT_EQ(before.shape(), (Shape{2, 1, 30}));
  inputs["input_ids"].data<int64_t>()[2] = 20;
  const Tensor own = run(small, inputs).outputs.at("logits");
  inputs["input_ids"].data<int64_t>()[3] = 21;
  const Tensor other = run(small, inputs).outputs.at("logits");
  for (int64_t i = 0; i < 30; ++i) {
    EXPECT_EQ(before.data<float>()[i], own.data<float>()[i]);
    EXPECT_NE(before.data<float>()[i], other.data<float>()[i]);
  }
}

TEST(XlnetInputs, ConfigurationsThatAreNotSupportedAreNamed) {
  try {
    language_model({{"bi_data", true}, {"attn_type", "both"}, {"summary_type", "attn"}, {"d_model", 9}});
    FAIL();
  } catch (const Error& error) {
    for (const char* key : {"bi_data", "attn_type", "summary_type", "d_model"})
      EXPECT_NE(error.message().find(key), std::string::npos) << error.message();
  }
}

}  // namespace
}  // namespace frugal

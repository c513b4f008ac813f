#include "frugal/models/inference.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "frugal/models/testing.h"
#include "frugal/shrink/quantize.h"

namespace frugal {
namespace {

std::vector<float> logits_of(Inference& inference, std::span<const Sequence> batch, size_t row) {
  const Tensor logits = inference.run(pack_batch(batch)).output("logits");
  const float* at = logits.data<float>().data() + row * static_cast<size_t>(logits.dim(1));
  return {at, at + logits.dim(1)};
}

struct Case {
  Isa isa;
  std::string type;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (Isa isa : supported_isas())
    for (const char* type : {"fp32", "bf16", "int8"})
      if (std::string(type) != "bf16" || has_bf16(isa)) all.push_back({isa, type});
  return all;
}

using Family = test::SmallModel (*)(int64_t layers, double dropout);
class InferenceOf : public ::testing::TestWithParam<Family> {};
INSTANTIATE_TEST_SUITE_P(Families, InferenceOf, ::testing::Values(&test::small_bert, &test::small_xlnet),
                         [](const auto& info) { return info.index == 0 ? "Bert" : "Xlnet"; });

// "The same input gives the same answer": alone, in any batch, at any number of threads, bit for bit.
TEST_P(InferenceOf, ASequenceHasTheSameBitsInAnyCompanyAndOnAnyThreads) {
  const test::SmallModel small = GetParam()(2, 0.1);
  const std::vector<Sequence> sequences = test::random_sequences(20, 3);
  for (const Case& c : cases()) {
    Student model{small.model, small.store};
    if (c.type == "int8") model = quantize(*small.model, *small.store);
    InferenceOptions options;
    if (c.type == "bf16") options.precision = Precision::bf16;
    std::vector<std::vector<float>> alone;
    for (int threads : {1, 2, 3}) {
      // Constants are packed for one instruction set: each gets a store of its own.
      auto store = std::make_shared<Store>();
      for (const auto& [name, tensor] : model.store->tensors()) store->set(name, tensor);
      Inference inference(model.model, store, Context::make(threads, c.isa), options);
      for (size_t i = 0; i < sequences.size(); ++i) {
        const auto mine = logits_of(inference, std::span(&sequences[i], 1), 0);
        if (threads == 1) alone.push_back(mine);
        EXPECT_EQ(0, std::memcmp(mine.data(), alone[i].data(), mine.size() * 4))
            << name_of(c.isa) << c.type << i;
        const auto together = logits_of(inference, sequences, i);
        EXPECT_EQ(0, std::memcmp(mine.data(), together.data(), mine.size() * 4))
            << name_of(c.isa) << c.type << i;
      }
    }
  }
  Context::make(1);  // back to the machine's best
}

// Whether weights are packed before the first run or in it, the bits are the same, and so is what follows.
TEST_P(InferenceOf, ABatchThatMayBeTheOnlyOneHasTheSameBits) {
  const test::SmallModel small = GetParam()(2, 0.1);
  const PackedBatch batch = pack_batch(test::random_sequences(7, 4));
  for (const Case& c : cases()) {
    Student model{small.model, small.store};
    if (c.type == "int8") model = quantize(*small.model, *small.store);
    InferenceOptions options;
    if (c.type == "bf16") options.precision = Precision::bf16;
    auto store = std::make_shared<Store>();
    for (const auto& [name, tensor] : model.store->tensors()) store->set(name, tensor);
    Inference inference(model.model, store, Context::make(2, c.isa), options);
    Program& once = inference.prepare_once(batch);
    once.run();
    const Tensor first = once.output("logits").clone();
    EXPECT_TRUE(store->folded().empty());
    const Tensor second = inference.run(batch).output("logits");
    EXPECT_FALSE(store->folded().empty());
    EXPECT_EQ(0, std::memcmp(first.bytes(), second.bytes(), first.byte_count())) << name_of(c.isa) << c.type;
  }
  Context::make(1);  // back to the machine's best
}

TEST(Inference, WeightsThatLayersShareArePackedOnce) {
  const test::SmallModel small = test::small_model({{"architectures", {"AlbertForSequenceClassification"}},
                                                    {"vocab_size", 60},
                                                    {"embedding_size", 16},
                                                    {"hidden_size", 48},
                                                    {"num_hidden_layers", 4},
                                                    {"num_attention_heads", 3},
                                                    {"intermediate_size", 70},
                                                    {"max_position_embeddings", 64},
                                                    {"type_vocab_size", 2},
                                                    {"num_labels", 5}});
  const Student integers = quantize(*small.model, *small.store);
  const PackedBatch batch = pack_batch(test::random_sequences(7, 4));
  for (const auto& [model, store] : {std::pair(small.model, small.store), {integers.model, integers.store}}) {
    Inference inference(model, store, Context::make(2));
    Program& once = inference.prepare_once(batch);
    once.run();
    const Tensor first = once.output("logits").clone();
    // The embedding's, query, key, value, what follows attention, two of the feed-forward, pooler,
    // classifier.
    EXPECT_EQ(9, std::ranges::count_if(once.graph().nodes(), [](const Node& node) {
                return node.kind == NodeKind::operation && node.op->name() == "pack";
              }));
    const Tensor second = inference.run(batch).output("logits");
    EXPECT_EQ(0, std::memcmp(first.bytes(), second.bytes(), first.byte_count()));
  }
}

// Fusing, narrowing, packing and folding change nothing but rounding: against the graph run as it was built.
TEST_P(InferenceOf, PassesKeepTheAnswer) {
  const test::SmallModel small = GetParam()(2, 0.1);
  const std::vector<Sequence> sequences = test::random_sequences(7, 4);
  const PackedBatch batch = pack_batch(sequences);
  auto graph = std::make_shared<Graph>();
  Net net(*graph, batch.shape, {});
  small.model->build(net);
  const Context context = Context::make(2);
  Program plain(graph, context, small.store);
  write_batch(plain, batch);
  plain.run();
  Inference inference(small.model, small.store, context);
  const Tensor ours = inference.run(batch).output("logits"), twin = plain.output("logits");
  for (int64_t i = 0; i < 7 * 5; ++i) EXPECT_NEAR(ours.data<float>()[i], twin.data<float>()[i], 2e-5);
}

TEST_P(InferenceOf, NarrowingDropsMostOfTheLastLayer) {
  const test::SmallModel small = GetParam()(1, 0.1);
  const std::vector<Sequence> sequences(
      4, Sequence{std::vector<int32_t>(30, 5), std::vector<int32_t>(30, 0), {}});
  const PackedBatch batch = pack_batch(sequences);
  Graph graph;
  Net net(graph, batch.shape, {});
  small.model->build(net);
  Inference inference(small.model, small.store, Context::make(1));
  const double narrow = price(inference.prepare(batch).graph()).flops;
  EXPECT_LT(narrow, 0.6 * price(graph).flops);
}

TEST_P(InferenceOf, Int8StaysCloseToFloats) {
  const test::SmallModel small = GetParam()(2, 0.1);
  const Student quantized = quantize(*small.model, *small.store);
  const std::vector<Sequence> sequences = test::random_sequences(10, 5);
  Inference floats(small.model, small.store, Context::make(1)),
      integers(quantized.model, quantized.store, Context::make(1));
  double error = 0, size = 0;
  for (size_t i = 0; i < sequences.size(); ++i) {
    const auto a = logits_of(floats, sequences, i), b = logits_of(integers, sequences, i);
    for (size_t j = 0; j < a.size(); ++j) error += std::fabs(a[j] - b[j]), size += std::fabs(a[j]);
  }
  EXPECT_LT(error, 0.1 * size);
  EXPECT_GT(error, 0);
}

TEST(Inference, TheQuotedArenaIsWhatTheProgramTakes) {
  const test::SmallModel small = test::small_bert();
  Inference inference(small.model, small.store, Context::make(1));
  const Program& program = inference.prepare(pack_batch(test::random_sequences(9, 6)));
  size_t end = 0;
  for (const auto& [value, offset] : program.plan().offsets)
    end = std::max(end, offset + value.type().byte_count());
  EXPECT_LE(end, program.arena_bytes());
  EXPECT_LT(program.arena_bytes(), end + 64);
}

}  // namespace
}  // namespace frugal

// The expert layer against a loop over tokens, as it runs: lowered to packed products.
#include "frugal/nn/experts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "frugal/ops/testing.h"
#include "frugal/passes/compile.h"

namespace frugal {
namespace {

constexpr int64_t kWidth = 24, kRows = 40;
const std::vector<int32_t> kOffsets{0, 13, 13, 36};  // an empty sequence, and rows of none

ExpertsConfig small() { return {.count = 5, .inner = 33, .capacity = 4, .router_bias = true}; }

class Layer {
 public:
  explicit Layer(ExpertsConfig config) : config_(config) {
    BatchShape shape;
    shape.tokens = kRows;
    shape.sequences = static_cast<int64_t>(kOffsets.size()) - 1;
    Net net(graph_, shape, {});
    const Value offsets = graph_.input("offsets", i32({shape.sequences + 1}));
    const Experts made = experts(net, "mlp", graph_.input("x", f32({kRows, kWidth})), offsets, config);
    graph_.set_output("y", made.output);
    Random random(4, "experts");
    for (const ParameterSpec& spec : net.parameters())
      store_->set(spec.name, testing::normal(spec.shape, random, 0.3));
    x = testing::normal({kRows, kWidth}, random);
  }

  Tensor run(int threads = 2) const {
    const auto program = compile_for_inference(graph_, Context::make(threads), store_, Precision::f32);
    std::memcpy(program->input("x").bytes(), x.bytes(), x.byte_count());
    std::memcpy(program->input("offsets").bytes(), kOffsets.data(), kOffsets.size() * 4);
    program->run();
    return program->output("y").clone();
  }

  // out[j] = sum of w[j,i] x[i]
  std::vector<double> times(const std::string& name, const std::vector<double>& x_row) const {
    const Tensor& w = *store_->find("mlp." + name + ".weight");
    std::vector<double> out(static_cast<size_t>(w.dim(0)));
    for (size_t j = 0; j < out.size(); ++j)
      for (size_t i = 0; i < x_row.size(); ++i) out[j] += w.data<float>()[j * x_row.size() + i] * x_row[i];
    return out;
  }

  std::vector<double> loop_over_tokens() const {
    std::vector<double> y(kRows * kWidth);
    const Tensor& bias = *store_->find("mlp.router.classifier.bias");
    for (size_t s = 0; s + 1 < kOffsets.size(); ++s) {
      std::map<int64_t, int64_t> taken;
      for (int64_t t = kOffsets[s]; t < kOffsets[s + 1]; ++t) {
        const float* row = x.data<float>().data() + t * kWidth;
        const std::vector<double> in(row, row + kWidth);
        std::vector<double> logits = times("router.classifier", in);
        double sum = 0;
        for (size_t e = 0; e < logits.size(); ++e) sum += std::exp(logits[e] += bias.data<float>()[e]);
        const int64_t best = std::max_element(logits.begin(), logits.end()) - logits.begin();
        if (++taken[best] > config_.capacity) continue;
        const std::string expert = "experts.expert_" + std::to_string(best);
        std::vector<double> inner = times(expert + ".wi", in);
        for (double& value : inner) value = std::max(0.0, value);
        const std::vector<double> out = times(expert + ".wo", inner);
        for (int64_t j = 0; j < kWidth; ++j) y[t * kWidth + j] = out[j] * std::exp(logits[best]) / sum;
      }
    }
    return y;
  }

  // Expert e becomes expert to[e], with its row of the router.
  void permute(const std::vector<int64_t>& to) {
    std::map<std::string, Tensor> moved;
    const auto copy_rows = [&](const std::string& name, int64_t width) {
      const Tensor& from = *store_->find(name);
      Tensor tensor = from.clone();
      for (size_t e = 0; e < to.size(); ++e)
        std::copy_n(&from.data<float>()[e * width], width, &tensor.data<float>()[to[e] * width]);
      moved[name] = tensor;
    };
    copy_rows("mlp.router.classifier.weight", kWidth);
    copy_rows("mlp.router.classifier.bias", 1);
    for (size_t e = 0; e < to.size(); ++e)
      for (const std::string layer : {".wi.weight", ".wo.weight"})
        moved["mlp.experts.expert_" + std::to_string(to[e]) + layer] =
            *store_->find("mlp.experts.expert_" + std::to_string(e) + layer);
    for (const auto& [name, tensor] : moved) store_->set(name, tensor);
    store_->folded().clear();
  }

  Tensor x;

 private:
  ExpertsConfig config_;
  Graph graph_;
  std::shared_ptr<Store> store_ = std::make_shared<Store>();
};

TEST(Experts, EqualALoopOverTokens) {
  for (int64_t capacity : {1, 4, 100}) {
    ExpertsConfig config = small();
    config.capacity = capacity;
    const Layer layer(config);
    const Tensor y = layer.run();
    const std::vector<double> expected = layer.loop_over_tokens();
    for (size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(y.data<float>()[i], expected[i], 1e-4) << i;
  }
}

TEST(Experts, CapacityZeroLeavesEverythingToTheResidual) {
  ExpertsConfig config = small();
  config.capacity = 0;
  const Tensor y = Layer(config).run();
  for (float value : y.data<float>()) ASSERT_EQ(value, 0);
}

TEST(Experts, TheirOrderDoesNotMatter) {
  Layer layer(small());
  const Tensor before = layer.run();
  layer.permute({3, 0, 4, 1, 2});
  const Tensor after = layer.run(3);
  for (int64_t i = 0; i < before.count(); ++i)
    ASSERT_NEAR(before.data<float>()[i], after.data<float>()[i], 1e-6)
        << i;  // sums of the softmax may reorder
}

// A sequence's rows have the same bits whatever else is in the batch.
TEST(Experts, ATokenDoesNotSeeOtherSequences) {
  Layer layer(small());
  const Tensor before = layer.run();
  std::ranges::fill(layer.x.data<float>().subspan(0, 13 * kWidth), 0.5f);
  const Tensor after = layer.run();
  EXPECT_EQ(0, std::memcmp(before.data<float>().data() + 13 * kWidth,
                           after.data<float>().data() + 13 * kWidth, 23 * kWidth * 4));
}

}  // namespace
}  // namespace frugal

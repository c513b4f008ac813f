#include "frugal/ops/registry.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "frugal/graph/gradient.h"
#include "frugal/ops/add.h"
#include "frugal/ops/testing.h"

namespace frugal {

void PrintTo(const OpSample& sample, std::ostream* out) { *out << sample.name; }

namespace {

constexpr uint64_t kSeeds = 16;

// An instance of an operation, ended by a scalar loss (a random weighted sum of its outputs) and the
// gradients of its weights.
struct Instance {
  Instance(const OpSample& sample, uint64_t seed, bool large = false) : sampler(seed, large) {
    sample.build(sampler);
    if (sampler.weights().empty()) return;
    for (const Value& output : sampler.outputs()) {
      const Value total = testing::weighted_total(output, sampler.normal(output.shape()));
      loss = loss ? add(loss, total) : total;
      factors.push_back(sampler.graph().node(total.node).inputs[1]);
    }
    gradients = add_gradients(sampler.graph(), loss, sampler.weights());
  }

  std::vector<std::vector<Tensor>> values(const Context& context) {
    return testing::evaluate(sampler.graph(), context, sampler.values());
  }

  // The loss in double, and the size of what rounding may do to it.
  std::pair<double, double> exact_loss(const Context& context) {
    const auto all = values(context);
    double sum = 0, noise = 0;
    for (size_t k = 0; k < factors.size(); ++k) {
      const Value output = sampler.outputs()[k];
      const auto x = all[output.node][output.output].data<float>();
      const auto w = all[factors[k].node][0].data<float>();
      for (size_t i = 0; i < x.size(); ++i) {
        sum += double{x[i]} * w[i];
        noise += std::pow(double{x[i]} * w[i], 2) + 1e-4;
      }
    }
    return {sum, 2e-7 * std::sqrt(noise)};
  }

  Sampler sampler;
  Value loss;
  std::vector<Value> factors, gradients;
};

class OpTest : public ::testing::TestWithParam<OpSample> {};

// The derivative of the loss when `weight` moves along `direction`: central differences with two steps,
// extrapolated (Richardson). The second figure is how far it may be wrong.
std::pair<double, double> slope(Instance& instance, const Context& context, Value weight,
                                const std::vector<float>& direction) {
  Tensor& tensor = instance.sampler.values().at(weight.node);
  const Tensor saved = tensor.clone();
  const auto difference = [&](float step) {
    double ends[2], noise = 0;
    for (int side = 0; side < 2; ++side) {
      const auto data = tensor.data<float>();
      for (size_t i = 0; i < data.size(); ++i)
        data[i] = saved.data<float>()[i] + (side ? step : -step) * direction[i];
      std::tie(ends[side], noise) = instance.exact_loss(context);
    }
    return std::pair((ends[1] - ends[0]) / (2 * step), noise / step);
  };
  const auto [wide, wide_noise] = difference(0.02f);
  const auto [narrow, noise] = difference(0.01f);
  tensor = saved;
  return {(4 * narrow - wide) / 3, std::abs(wide - narrow) + 3 * noise};
}

TEST_P(OpTest, GradientsMatchFiniteDifferences) {
  const Context context = Context::make(1);
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    Instance instance(GetParam(), seed);
    const auto all = instance.values(context);
    for (size_t k = 0; k < instance.gradients.size(); ++k) {
      const Value weight = instance.sampler.weights()[k], value = instance.gradients[k];
      ASSERT_TRUE(value) << "no gradient for weight " << k;
      const Tensor gradient = all[value.node][value.output];
      const auto g = gradient.data<float>();
      double norm = 0;
      for (float x : g) norm += double{x} * x;
      norm = std::sqrt(norm);
      ASSERT_TRUE(std::isfinite(norm)) << "seed " << seed;
      // All elements at once, then a few alone.
      for (int trial = 0; trial < 8; ++trial) {
        std::vector<float> direction(g.size(), trial < 2 ? 1.0f : 0.0f);
        if (trial < 2)
          for (float& x : direction) x = instance.sampler.below(2) ? 1.0f : -1.0f;
        else
          direction[static_cast<size_t>(instance.sampler.below(static_cast<int64_t>(g.size())))] = 1;
        double expected = 0;
        for (size_t i = 0; i < g.size(); ++i) expected += double{g[i]} * direction[i];
        const auto [measured, doubt] = slope(instance, context, weight, direction);
        const double scale = trial < 2 ? norm : norm / std::sqrt(static_cast<double>(g.size()));
        EXPECT_NEAR(expected, measured, 0.01 * scale + 2e-3 * std::abs(measured) + doubt)
            << "seed " << seed << ", weight " << k << " " << to_string(weight.shape()) << ", trial " << trial;
      }
    }
  }
}

TEST_P(OpTest, SameBitsOnAnyNumberOfThreads) {
  for (Isa isa : supported_isas())
    for (uint64_t seed = 0; seed < 4; ++seed) {
      Instance instance(GetParam(), seed, seed >= 2);
      const auto expected = instance.values(Context::make(1, isa));
      for (int threads : {2, 3}) {
        const auto actual = instance.values(Context::make(threads, isa));
        for (size_t i = 0; i < expected.size(); ++i)
          for (size_t o = 0; o < expected[i].size(); ++o)
            EXPECT_EQ(0,
                      std::memcmp(expected[i][o].bytes(), actual[i][o].bytes(), expected[i][o].byte_count()))
                << name_of(isa) << ", " << threads << " threads, seed " << seed << ", node " << i
                << ", output " << o;
      }
    }
}

TEST_P(OpTest, EveryInstructionSetAgrees) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    Instance instance(GetParam(), seed);
    const auto expected = instance.values(Context::make(1, Isa::generic));
    for (Isa isa : supported_isas()) {
      const auto actual = instance.values(Context::make(1, isa));
      for (size_t i = 0; i < expected.size(); ++i)
        for (size_t o = 0; o < expected[i].size(); ++o) {
          const Tensor &a = expected[i][o], &b = actual[i][o];
          if (a.type() != DType::f32) {
            EXPECT_EQ(0, std::memcmp(a.bytes(), b.bytes(), a.byte_count()));
            continue;
          }
          const auto x = a.data<float>(), y = b.data<float>();
          float largest = 0;
          for (float value : x) largest = std::max(largest, std::isfinite(value) ? std::abs(value) : 0);
          for (size_t j = 0; j < x.size(); ++j) {
            if (std::memcmp(&x[j], &y[j], 4) == 0) continue;
            ASSERT_NEAR(x[j], y[j], 1e-6 + 2e-5 * largest) << name_of(isa) << ", seed " << seed << ", node "
                                                           << i << ", output " << o << ", element " << j;
          }
        }
    }
  }
  use_isa(isa_from_environment());
}

INSTANTIATE_TEST_SUITE_P(Registry, OpTest, ::testing::ValuesIn(op_samples()), [](const auto& info) {
  std::string name(info.param.name);
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
});

// Reads the operations' names from their headers, so that one cannot be forgotten.
TEST(Registry, EveryOperationArisesInASample) {
  // What lowering makes is for one machine: gemm_test.cc, share_test.cc and half_attention_test.cc compare
  // it.
  std::set<std::string> sampled{"half_attention",      "pack",
                                "packed_matmul",       "packed_expert_linear",
                                "packed_expert_outer", "shared_matmul"};
  for (const OpSample& sample : op_samples()) {
    const Instance instance(sample, 1);
    for (const Node& node : const_cast<Sampler&>(instance.sampler).graph().nodes())
      if (node.op) sampled.insert(std::string(node.op->name()));
  }
  const std::regex name_line(R"re(string_view name\(\) const override \{\s*return "(\w+)";)re");
  int found = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(FRUGAL_SOURCE_DIR "/frugal/ops")) {
    if (entry.path().extension() != ".h") continue;
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    const std::string source = text.str();
    for (std::sregex_iterator match(source.begin(), source.end(), name_line), end; match != end; ++match) {
      ++found;
      EXPECT_TRUE(sampled.count((*match)[1])) << (*match)[1] << " has no sample in registry.cc";
    }
  }
  EXPECT_GT(found, 30);
}

}  // namespace
}  // namespace frugal

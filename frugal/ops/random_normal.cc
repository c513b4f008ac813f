#include "frugal/ops/random_normal.h"

#include <fmt/format.h>

#include <cmath>

#include "frugal/base/random.h"
#include "frugal/graph/gradient.h"
#include "frugal/ops/dropout.h"
#include "frugal/ops/rows.h"

namespace frugal {

Value random_normal(Value random, Shape shape, uint64_t site) {
  return random.graph->add<RandomNormal>({random}, std::move(shape), site, 0);
}
Value random_normal(Graph& graph, Shape shape, uint64_t site, int64_t seed) {
  return graph.add<RandomNormal>({}, std::move(shape), site, seed);
}

std::string RandomNormal::attributes() const {
  return fmt::format("{} site={:016x} seed={}", to_string(shape), site, seed);
}

std::vector<TensorType> RandomNormal::infer(std::span<const TensorType> in) const {
  require(in.empty() || in[0] == TensorType{DType::i64, {2}}, "{seed, step} must be I64[2]");
  return {f32(shape)};
}

std::vector<Value> RandomNormal::gradient(const GradientContext& context) const {
  return std::vector<Value>(context.inputs.size());
}

Work RandomNormal::work(std::span<const TensorType>, std::span<const TensorType> out) const {
  return {50.0 * static_cast<double>(element_count(shape)), static_cast<double>(out[0].byte_count())};
}

// A Philox block of four words gives elements 4 i to 4 i + 3.
Kernel RandomNormal::kernel(const Context&, std::span<const TensorType> in,
                            std::span<const TensorType>) const {
  return {[site = site, seed = seed, given = !in.empty(), n = element_count(shape)](const KernelArgs& args,
                                                                                    Worker& worker) {
    const int64_t fixed[2] = {seed, 0}, *random = given ? args.input<int64_t>(0) : fixed;
    const DropoutStream stream = dropout_stream(random[0], random[1], site);
    float* out = args.output<float>(0);
    for_each_chunk(
        worker, n,
        [=](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; i += 4) {
            const auto words = philox(stream.key, stream.counter_high, static_cast<uint64_t>(i) / 4);
            for (int64_t j = 0; j < std::min<int64_t>(4, end - i); ++j) {
              const double radius = std::sqrt(-2 * std::log((words[j / 2 * 2] + 1.0) * 0x1p-32));
              const double angle = 2 * M_PI * (words[j / 2 * 2 + 1] * 0x1p-32);
              out[i + j] = static_cast<float>(radius * (j % 2 ? std::sin(angle) : std::cos(angle)));
            }
          }
        },
        1024);
  }};
}

}  // namespace frugal

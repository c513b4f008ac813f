#include "frugal/ops/dropout.h"

#include <fmt/format.h>

#include <cmath>

#include "frugal/base/error.h"
#include "frugal/base/random.h"
#include "frugal/graph/gradient.h"

namespace frugal {

Value dropout(Value x, Value random, float p, uint64_t site) {
  if (p == 0) return x;
  return x.graph->add<Dropout>({x, random}, p, site);
}

std::string Dropout::attributes() const { return fmt::format("p={} site={:016x}", p, site); }
uint32_t Dropout::threshold() const { return static_cast<uint32_t>(std::lround(double{p} * 65536)); }

std::vector<TensorType> Dropout::infer(std::span<const TensorType> in) const {
  require(p >= 0 && p < 1 && threshold() < 65536, fmt::format("probability {} is not in [0, 1)", p));
  require(in.size() == 2 && in[0].type == DType::f32, "needs an F32 tensor and {seed, step}");
  require(in[1] == TensorType{DType::i64, {2}}, "{seed, step} must be I64[2]");
  return {in[0]};
}

std::vector<Value> Dropout::gradient(const GradientContext& context) const {
  return {dropout(context.output_gradients[0], context.inputs[1], p, site), {}};
}

Work Dropout::work(std::span<const TensorType> in, std::span<const TensorType>) const {
  return {10.0 * static_cast<double>(element_count(in[0].shape)),
          2.0 * static_cast<double>(in[0].byte_count())};
}

// A hash of all three by Philox itself: streams of different sites or steps meet with probability 2^-128.
DropoutStream dropout_stream(int64_t seed, int64_t step, uint64_t site) {
  const auto words = philox(static_cast<uint64_t>(seed), site, static_cast<uint64_t>(step));
  return {words[0] | uint64_t{words[1]} << 32, words[2] | uint64_t{words[3]} << 32};
}

}  // namespace frugal

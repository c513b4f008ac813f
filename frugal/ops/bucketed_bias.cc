#include "frugal/ops/bucketed_bias.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "frugal/graph/gradient.h"

namespace frugal {
namespace {

// Buckets of the distances on one side, of which the first half is for single distances.
int64_t side_of(const DistanceBuckets& b) { return b.bidirectional ? b.buckets / 2 : b.buckets; }

void check(const DistanceBuckets& b) {
  require(side_of(b) >= 2, "needs at least two buckets on a side");
  require(b.max_distance > side_of(b) / 2 && b.max_distance <= 1 << 24,
          fmt::format("max_distance {} is not above the {} distances that have buckets of their own",
                      b.max_distance, side_of(b) / 2));
}

// Of the distances from -max_distance to max_distance.
std::vector<int64_t> all_buckets(const DistanceBuckets& buckets) {
  std::vector<int64_t> result;
  for (int64_t d = -buckets.max_distance; d <= buckets.max_distance; ++d)
    result.push_back(bucket_of(d, buckets));
  return result;
}

}  // namespace

int64_t bucket_of(int64_t distance, const DistanceBuckets& b) {
  const int64_t side = side_of(b), exact = side / 2;
  const int64_t above = b.bidirectional && distance > 0 ? side : 0;
  const int64_t far = b.bidirectional ? std::abs(distance) : std::max<int64_t>(0, -distance);
  if (far < exact) return above + far;
  // In float, step by step.
  const float ratio = std::log(static_cast<float>(far) / static_cast<float>(exact));
  const float whole =
      static_cast<float>(std::log(static_cast<double>(b.max_distance) / static_cast<double>(exact)));
  const float step = ratio / whole * static_cast<float>(side - exact);
  return above + std::min(exact + static_cast<int64_t>(step), side - 1);
}

Value bucketed_bias(Value table, bool bidirectional, int64_t max_distance) {
  return table.graph->add<BucketedBias>({table}, bidirectional, max_distance);
}

std::string BucketedBias::attributes() const {
  return fmt::format("bidirectional={} max_distance={}", bidirectional, max_distance);
}

std::vector<TensorType> BucketedBias::infer(std::span<const TensorType> in) const {
  require(in.size() == 1, "needs a table");
  require_type(in[0], DType::f32, 2, "the table");
  check({in[0].shape[0], bidirectional, max_distance});
  return {f32({in[0].shape[1], 2 * max_distance + 1})};
}

std::vector<Value> BucketedBias::gradient(const GradientContext& context) const {
  const DistanceBuckets buckets{context.inputs[0].dim(0), bidirectional, max_distance};
  return {context.graph.add<BucketedBiasGrad>({context.output_gradients[0]}, buckets)};
}

Kernel BucketedBias::kernel(const Context&, std::span<const TensorType> in,
                            std::span<const TensorType>) const {
  const int64_t heads = in[0].shape[1];
  return {[heads, buckets = all_buckets({in[0].shape[0], bidirectional, max_distance})](
              const KernelArgs& args, Worker& worker) {
    worker.for_each(heads, [&](int64_t h) {
      float* bias = args.output<float>(0) + h * static_cast<int64_t>(buckets.size());
      for (int64_t bucket : buckets) *bias++ = args.input<float>(0)[bucket * heads + h];
    });
  }};
}

std::string BucketedBiasGrad::attributes() const {
  return fmt::format("buckets={} bidirectional={} max_distance={}", buckets.buckets, buckets.bidirectional,
                     buckets.max_distance);
}

std::vector<TensorType> BucketedBiasGrad::infer(std::span<const TensorType> in) const {
  check(buckets);
  require(in.size() == 1, "needs the bias's gradient");
  require_type(in[0], DType::f32, 2, "the bias's gradient");
  require(in[0].shape[1] == 2 * buckets.max_distance + 1,
          "the bias's gradient differs from the bias in width");
  return {f32({buckets.buckets, in[0].shape[0]})};
}

Kernel BucketedBiasGrad::kernel(const Context&, std::span<const TensorType> in,
                                std::span<const TensorType>) const {
  const int64_t heads = in[0].shape[0];
  return {[heads, count = buckets.buckets, buckets = all_buckets(buckets)](const KernelArgs& args,
                                                                           Worker& worker) {
    worker.for_each(heads, [&](int64_t h) {
      const float* bias = args.input<float>(0) + h * static_cast<int64_t>(buckets.size());
      float* table = args.output<float>(0) + h;
      for (int64_t bucket = 0; bucket < count; ++bucket) table[bucket * heads] = 0;
      for (int64_t bucket : buckets) table[bucket * heads] += *bias++;
    });
  }};
}

}  // namespace frugal

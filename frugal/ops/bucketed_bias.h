// bucketed_bias: T5's relative position buckets, spread over distances (Raffel et al. 2020).
//
// From table F32[buckets, heads] the bias F32[heads, 2 * max_distance + 1] of relative_attention: for each
// head, the table's entry of the bucket of each distance, key's position minus query's, from -max_distance to
// max_distance. Bidirectional: the upper half of the buckets is for keys after the query; otherwise these
// share bucket 0 with distance 0. Of a side's buckets the first half holds one distance each, the others ever
// more, the last from below max_distance to infinity. Distances beyond max_distance are in the buckets of
// +-max_distance.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

struct DistanceBuckets {
  int64_t buckets = 32;
  bool bidirectional = true;
  int64_t max_distance = 128;
};
// In [0, buckets); computed in float as the reference does, so borders fall where trained weights have them.
int64_t bucket_of(int64_t distance, const DistanceBuckets& buckets);

Value bucketed_bias(Value table, bool bidirectional, int64_t max_distance);

struct BucketedBias : Op {
  BucketedBias(bool bidirectional, int64_t max_distance)
      : bidirectional(bidirectional), max_distance(max_distance) {}
  const bool bidirectional;
  const int64_t max_distance;

  std::string_view name() const override { return "bucketed_bias"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

// Input the bias's gradient; output the table's: a bucket's distances are added from the lowest to the
// highest.
struct BucketedBiasGrad : Op {
  explicit BucketedBiasGrad(DistanceBuckets buckets) : buckets(buckets) {}
  const DistanceBuckets buckets;

  std::string_view name() const override { return "bucketed_bias_grad"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

}  // namespace frugal

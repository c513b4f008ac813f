// random_normal: a tensor of normal random numbers, mean 0 and deviation 1, a function of seed, step and site
// alone. Pairs of Philox words become pairs of numbers (Box & Muller 1958). F32 of any shape; no gradient.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

// random I64[2] = {seed, step}.
Value random_normal(Value random, Shape shape, uint64_t site);
// The same numbers in every run: seed `seed`, step 0.
Value random_normal(Graph& graph, Shape shape, uint64_t site, int64_t seed);

struct RandomNormal : Op {
  RandomNormal(Shape shape, uint64_t site, int64_t seed) : shape(std::move(shape)), site(site), seed(seed) {}
  std::string_view name() const override { return "random_normal"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  Shape shape;
  uint64_t site;
  int64_t seed;  // without the input
};

}  // namespace frugal

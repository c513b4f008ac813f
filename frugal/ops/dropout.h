// dropout: each element is kept with probability 1 - p and then multiplied by 1 / (1 - p), or becomes 0
// (Srivastava et al., 2014). The probability is rounded to 16 bits.
//
// `random` is I64[2] = {seed, step}. Which elements stay is a pure function of (seed, step, site, element's
// index), so nothing is stored: the gradient is the same dropout of dy. `site` names the place in the model.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

// p in [0, 1); p == 0 gives x itself. Throws Error for any other p.
Value dropout(Value x, Value random, float p, uint64_t site);

struct Dropout : Op {
  Dropout(float p, uint64_t site) : p(p), site(site) {}
  std::string_view name() const override { return "dropout"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int in_place_input() const override { return 0; }
  std::vector<int> row_inputs() const override { return {0}; }
  uint32_t threshold() const;  // an element whose 16 random bits are below it is dropped
  float p;
  uint64_t site;
};

// Where the random bits of one call are: element i has 16-bit word i % 8 of the Philox block
// philox(key, counter_high, i / 8), the words in little-endian order.
struct DropoutStream {
  uint64_t key, counter_high;
};
DropoutStream dropout_stream(int64_t seed, int64_t step, uint64_t site);

}  // namespace frugal

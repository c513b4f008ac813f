// Standard shapes timed on this machine with random weights: what `frugal bench` prints.
#pragma once

#include <string>
#include <vector>

#include "frugal/base/context.h"
#include "frugal/ops/gemm/gemm.h"

namespace frugal {

struct BenchShape {
  std::string name;  // "MiniLM-L6"
  int64_t layers, hidden, heads, ffn;
};
std::vector<BenchShape> bench_shapes();

struct BenchRow {
  std::string shape, precision;
  int64_t batch = 0, tokens = 0;
  double milliseconds = 0;  // median
  double spread = 0;        // (90th - 10th percentile) / median
  double flops = 0;         // of one run
  double operations_per_second = 0;
  int64_t runs = 0;
};

// One shape and batch, classifier head of 2 labels; runs for about `seconds`.
BenchRow bench_shape(const BenchShape& shape, int64_t batch, int64_t tokens, Precision precision,
                     const Context& context, double seconds);

}  // namespace frugal

// Standard shapes timed on this machine with random weights: what `frugal bench` prints.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "frugal/base/context.h"
#include "frugal/models/folder.h"
#include "frugal/models/inference.h"

namespace frugal {

struct BenchShape {
  std::string name;  // "MiniLM-L6"
  int64_t layers, hidden, heads, ffn;
};
std::vector<BenchShape> bench_shapes();

struct BenchRow {
  std::string shape, precision;
  int64_t batch = 0, tokens = 0;  // tokens: of one sequence; 0 where lengths differ
  int64_t sequences = 0;          // of one run
  double milliseconds = 0;        // of one run: median
  double spread = 0;              // (90th - 10th percentile) / median
  double flops = 0;               // of one run
  double operations_per_second = 0;
  double weight_bytes = 0;  // packed weights that each batch needs
  int64_t runs = 0;
};

// A model of this shape: random weights, classifier head of 2 labels.
ModelFolder random_folder(const BenchShape& shape);

// A model in one precision, ready to be timed.
class BenchSubject {
 public:
  // `precision`: see shrink/precision.h.
  BenchSubject(const std::string& name, const ModelFolder& folder, const std::string& precision,
               const Context& context);

  const ModelInfo& info() const { return inference_->model().info(); }
  // One batch of so many tokens each; repeated for about `seconds`.
  BenchRow time(int64_t batch, int64_t tokens, double seconds);
  // These sequences in batches in their order: a run is all of them. A batch of many tokens goes through in
  // parts, as everywhere (kBatchTokens).
  BenchRow time(const std::vector<Sequence>& sequences, int64_t batch, double seconds);

 private:
  BenchRow time(const std::vector<PackedBatch>& parts, double seconds);

  std::string name_, precision_;
  std::unique_ptr<Inference> inference_;
};

}  // namespace frugal

// The operations by name, each with random small instances of itself, for tests that hold for all of them.
//
// To add an operation: one row in registry.cc. Its build function asks the Sampler for sizes and inputs, adds
// the node, and names the outputs to check; registry_test.cc does the rest: gradients of the inputs made by
// `weight` against finite differences, all values on every instruction set against the generic one, and the
// same bits with 1, 2 and 3 threads. Gradient operations need no row: they are covered where they arise. An
// operation that arises nowhere fails the test.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "frugal/base/random.h"
#include "frugal/graph/graph.h"

namespace frugal {

class Sampler {
 public:
  // `large`: sizes that give several threads something to do.
  Sampler(uint64_t seed, bool large = false) : random_(seed, "sampler"), large_(large) {}

  int64_t size();  // 1, 3, 15, 16, 17, 33 or 130: around the widths of vectors and unrolled loops
  int64_t below(int64_t bound) { return static_cast<int64_t>(random_.below(static_cast<uint64_t>(bound))); }
  Value weight(Shape shape);                                 // F32, normal; its gradient is checked
  Value normal(Shape shape);                                 // F32
  Value uniform(Shape shape);                                // F32 in [0, 1)
  Value integers(int64_t count, int64_t low, int64_t high);  // I32 in [low, high)
  Value offsets(int64_t segments, int64_t rows);             // I32[segments + 1], rising, last <= rows
  Value state(Tensor tensor);                                // for an input that the operation updates
  Value given(Tensor tensor);                                // any other input
  void output(Value value) { outputs_.push_back(value); }    // F32

  Graph& graph() { return *graph_; }
  const std::vector<Value>& weights() const { return weights_; }
  const std::vector<Value>& outputs() const { return outputs_; }
  std::map<int, Tensor>& values() { return values_; }  // of the inputs and states, by node
  Random& random() { return random_; }

 private:
  Random random_;
  bool large_;
  std::unique_ptr<Graph> graph_ = std::make_unique<Graph>();
  std::vector<Value> weights_, outputs_;
  std::map<int, Tensor> values_;
};

struct OpSample {
  std::string_view name;
  void (*build)(Sampler&);
};
std::vector<OpSample> op_samples();

}  // namespace frugal

// A graph compiled for one machine: prepared kernels over one planned block of memory. Running allocates
// nothing.
//
// Not synchronised: one run at a time. Several programs may share one Store and one Context.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "frugal/base/context.h"
#include "frugal/graph/graph.h"
#include "frugal/runtime/memory_plan.h"
#include "frugal/runtime/store.h"

namespace frugal {

class Program {
 public:
  // Binds variables to the store's tensors (creating absent ones zero-filled) and prepares every kernel.
  Program(std::shared_ptr<const Graph> graph, Context context, std::shared_ptr<Store> store);

  // The memory of an input: write it before run(). Throws Error when the graph has no such live input.
  Tensor input(const std::string& name);
  bool has_input(const std::string& name) const;
  void run();
  // An output of the last run, valid until the next.
  Tensor output(const std::string& name) const;
  bool has_output(const std::string& name) const { return graph_->outputs().count(name) > 0; }

  size_t arena_bytes() const { return plan_.arena_bytes; }
  size_t scratch_bytes() const { return scratch_bytes_; }  // per thread
  const Graph& graph() const { return *graph_; }
  const MemoryPlan& plan() const { return plan_; }

  // Runs once and returns the seconds of each step, in plan().order.
  std::vector<double> profile();

 private:
  struct Step {
    Kernel kernel;
    KernelArgs args;
  };
  void* address(const Value& value);

  std::shared_ptr<const Graph> graph_;
  Context context_;
  std::shared_ptr<Store> store_;
  MemoryPlan plan_;
  Tensor arena_;
  std::vector<Tensor> kept_;  // the variables and constants whose memory the steps use
  std::vector<Step> steps_;
  size_t scratch_bytes_ = 0;
};

// FLOPs and bytes of one run, summed over the live operations; allocates no weights.
Work price(const Graph& graph);

}  // namespace frugal

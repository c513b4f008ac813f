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

// Working memory that programs which never run at the same time may share: as large as the largest needs.
class Arena {
 public:
  Arena() = default;
  explicit Arena(Tensor memory) : memory_(std::move(memory)) {}  // U8, zero-filled
  void reserve(size_t bytes) {
    if (bytes > memory_.byte_count()) memory_ = Tensor(DType::u8, {static_cast<int64_t>(bytes)});
  }
  const Tensor& memory() const { return memory_; }

 private:
  Tensor memory_{DType::u8, {0}};
};

class Program {
 public:
  // Binds variables to the store's tensors (creating absent ones zero-filled) and prepares every kernel. With
  // a shared arena, inputs and outputs are valid only until another program of that arena is made, written to
  // or run.
  Program(std::shared_ptr<const Graph> graph, Context context, std::shared_ptr<Store> store,
          std::shared_ptr<Arena> arena = std::make_shared<Arena>());

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
  // Points the steps into the arena; again when a larger program has moved it.
  void bind();

  std::shared_ptr<const Graph> graph_;
  Context context_;
  std::shared_ptr<Store> store_;
  MemoryPlan plan_;
  std::shared_ptr<Arena> arena_;
  const void* bound_ = nullptr;  // the arena's memory that the steps point into
  std::vector<Tensor> kept_;     // the variables and constants whose memory the steps use
  std::vector<Step> steps_;
  size_t scratch_bytes_ = 0;
};

// FLOPs and bytes of one run, summed over the live operations; allocates no weights.
Work price(const Graph& graph);

}  // namespace frugal

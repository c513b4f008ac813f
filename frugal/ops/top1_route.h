// top1_route: which expert each token goes to, in fp32 (Fedus, Zoph & Shazeer, "Switch Transformers", 2021).
//
// From router logits F32[T,E] and the sequences' offsets I32[S+1]. A token's expert is that of its largest
// logit, the first among equals. Each expert takes `capacity` tokens of each sequence, in the sequence's
// order; the tokens after them overflow: no expert takes them and only the residual carries them on. Places
// are counted within a sequence, so a token's way does not depend on the other sequences of the batch.
//
// Rows of padding do not exist here. A reference that runs padded batches lets padding take places: the two
// differ where padding stands before tokens (on the left, or in holes) and the capacity is reached.
// In generation each step is a sequence of its own, here and there: only a prompt can overflow.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

struct Top1Routing {
  Value probability;  // F32[T] softmax of the chosen expert; 0 for rows of no sequence
  Value expert;       // I32[T] the chosen expert, before capacity; -1 for rows of no sequence
  Value slot;   // I32[T] the row's place when rows are sorted by expert, stably; -1: overflow, or no sequence
  Value order;  // I32[T] the inverse of slot: which row is at a place; -1 from bounds[E] on
  Value bounds;  // I32[E+1] the places of expert e are [bounds[e], bounds[e+1])
};

// capacity >= 0; with 0 every token overflows.
Top1Routing top1_route(Value logits, Value offsets, int64_t capacity);

// Outputs in the order of Top1Routing; only the probability has a gradient.
struct Top1Route : Op {
  explicit Top1Route(int64_t capacity) : capacity(capacity) {}
  std::string_view name() const override { return "top1_route"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int64_t capacity;
};

// Inputs logits, probability, expert and the probability's gradient; gives that of the logits.
struct Top1RouteGrad : Op {
  std::string_view name() const override { return "top1_route_grad"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

}  // namespace frugal

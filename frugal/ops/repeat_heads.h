// repeat_heads: each head's columns `times` over, for grouped-query attention (Ainslie et al. 2023, arXiv
// 2305.13245), where several heads of queries share one of keys and values:
// x[T, heads * width] -> [T, heads * times * width]; head h becomes heads h * times ... h * times + times
// - 1. sum_heads is its gradient: the sum over each group, in the order of the heads.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value repeat_heads(Value x, int64_t heads, int64_t times);  // times 1: x itself

struct RepeatHeads : Op {
  RepeatHeads(int64_t heads, int64_t times) : heads(heads), times(times) {}
  std::string_view name() const override { return "repeat_heads"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  std::vector<int> row_inputs() const override { return {0}; }
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int64_t heads, times;
};

struct SumHeads : Op {
  SumHeads(int64_t heads, int64_t times) : heads(heads), times(times) {}
  std::string_view name() const override { return "sum_heads"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int64_t heads, times;
};

}  // namespace frugal

// embedding: out[t] = table[ids[t]] for table[V,H] and ids I32[T]; an id outside [0, V) gives a zero row
// (ids that come from outside are checked where they come in).
// embedding_grad(ids, dy, V): the dense gradient [V,H]; rows of equal ids are added in the order of t.
// embedding_s8: the same look-up in a table of bytes with one scale a row, out = byte * scale; no gradient.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

// `padding`: a row that gets no gradient, as the reference treats a table's padding row; -1: none.
Value embedding(Value table, Value ids, int32_t padding = -1);
Value embedding_grad(Value ids, Value dy, int64_t vocabulary);
Value embedding_s8(Value table, Value scales, Value ids);

struct Embedding : Op {
  explicit Embedding(int32_t padding) : padding(padding) {}
  std::string attributes() const override;
  std::string_view name() const override { return "embedding"; }
  std::vector<int> row_inputs() const override { return {1}; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int32_t padding;
};

struct EmbeddingGrad : Op {
  explicit EmbeddingGrad(int64_t vocabulary) : vocabulary(vocabulary) {}
  std::string_view name() const override { return "embedding_grad"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int64_t vocabulary;
};

struct EmbeddingS8 : Op {
  std::string_view name() const override { return "embedding_s8"; }
  std::vector<int> row_inputs() const override { return {2}; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

}  // namespace frugal

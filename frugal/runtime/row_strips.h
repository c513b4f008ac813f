// row_strips: several operations on rows as one step. Each thread takes a strip of rows through all of them,
// so what lies between them stays in its own cache instead of passing through memory, and the threads meet
// once.
//
// Every operation decides row i of its outputs from row i of its row inputs (Op::row_inputs) alone, so the
// result has the same bits as one operation after the other.
#pragma once

#include <memory>
#include <vector>

#include "frugal/graph/graph.h"

namespace frugal {

class RowStrips : public Op {
 public:
  // The body's inputs and outputs are named "0", "1", ... in the order of this operation's; `sliced` says
  // which inputs are cut by rows, as all outputs are. The body is for all `rows`; its nodes are operations
  // and inputs.
  RowStrips(std::shared_ptr<const Graph> body, int64_t rows, std::vector<bool> sliced)
      : body_(std::move(body)), rows_(rows), sliced_(std::move(sliced)) {}

  std::string_view name() const override { return "row_strips"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;

  const Graph& body() const { return *body_; }
  // Rows of a strip; the last may have fewer.
  static int64_t strip_rows(int64_t rows, int threads);
  // Whether they are enough for products, whose weights pass by once for each strip.
  static bool takes_products(int64_t rows, int threads);

 private:
  std::shared_ptr<const Graph> body_;
  int64_t rows_;
  std::vector<bool> sliced_;
};

}  // namespace frugal

#include "frugal/ops/column.h"

#include <fmt/format.h>

#include "frugal/graph/gradient.h"
#include "frugal/ops/rows.h"

namespace frugal {

Value column(Value x, int64_t j) { return x.graph->add<Column>({x}, j); }

std::string Column::attributes() const { return fmt::format("j={}", j); }

std::vector<TensorType> Column::infer(std::span<const TensorType> in) const {
  require(in.size() == 1, "needs x");
  require_type(in[0], DType::f32, 2, "x");
  require(j >= 0 && j < in[0].shape[1], fmt::format("there is no column {}", j));
  return {f32({in[0].shape[0]})};
}

std::vector<Value> Column::gradient(const GradientContext& context) const {
  return {context.graph.add<ColumnGrad>({context.output_gradients[0]}, j, context.inputs[0].dim(1))};
}

Kernel Column::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0], columns = in[0].shape[1];
  return {[rows, columns, j = j](const KernelArgs& args, Worker& worker) {
    const float* x = args.input<float>(0);
    float* out = args.output<float>(0);
    for_each_row(worker, rows, 1, [=](int64_t t) { out[t] = x[t * columns + j]; });
  }};
}

std::string ColumnGrad::attributes() const { return fmt::format("j={} columns={}", j, columns); }

std::vector<TensorType> ColumnGrad::infer(std::span<const TensorType> in) const {
  require(in.size() == 1, "needs dy");
  require_type(in[0], DType::f32, 1, "dy");
  return {f32({in[0].shape[0], columns})};
}

Kernel ColumnGrad::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0];
  return {[rows, columns = columns, j = j](const KernelArgs& args, Worker& worker) {
    const float* dy = args.input<float>(0);
    float* dx = args.output<float>(0);
    for_each_row(worker, rows, columns, [=](int64_t t) {
      std::fill(dx + t * columns, dx + (t + 1) * columns, 0.0f);
      dx[t * columns + j] = dy[t];
    });
  }};
}

}  // namespace frugal

#include "frugal/ops/slice_columns.h"

#include <fmt/format.h>

#include <algorithm>

#include "frugal/graph/gradient.h"
#include "frugal/ops/rows.h"

namespace frugal {

Value slice_columns(Value x, int64_t begin, int64_t width) {
  return x.graph->add<SliceColumns>({x}, begin, width);
}

std::string SliceColumns::attributes() const { return fmt::format("{}:{}", begin, begin + width); }

std::vector<TensorType> SliceColumns::infer(std::span<const TensorType> in) const {
  require(in.size() == 1, "needs x");
  require_type(in[0], DType::f32, 2, "x");
  require(begin >= 0 && width > 0 && begin + width <= in[0].shape[1],
          fmt::format("there are no columns {} to {}", begin, begin + width));
  return {f32({in[0].shape[0], width})};
}

std::vector<Value> SliceColumns::gradient(const GradientContext& context) const {
  return {context.graph.add<PlaceColumns>({context.output_gradients[0]}, begin, context.inputs[0].dim(1))};
}

Kernel SliceColumns::kernel(const Context&, std::span<const TensorType> in,
                            std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0], columns = in[0].shape[1];
  return {[rows, columns, begin = begin, width = width](const KernelArgs& args, Worker& worker) {
    const float* x = args.input<float>(0) + begin;
    float* out = args.output<float>(0);
    for_each_row(worker, rows, width,
                 [=](int64_t t) { std::copy_n(x + t * columns, width, out + t * width); });
  }};
}

std::string PlaceColumns::attributes() const { return fmt::format("{} of {}", begin, columns); }

std::vector<TensorType> PlaceColumns::infer(std::span<const TensorType> in) const {
  require(in.size() == 1, "needs dy");
  require_type(in[0], DType::f32, 2, "dy");
  return {f32({in[0].shape[0], columns})};
}

Kernel PlaceColumns::kernel(const Context&, std::span<const TensorType> in,
                            std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0], width = in[0].shape[1];
  return {[rows, width, begin = begin, columns = columns](const KernelArgs& args, Worker& worker) {
    const float* dy = args.input<float>(0);
    float* dx = args.output<float>(0);
    for_each_row(worker, rows, columns, [=](int64_t t) {
      float* row = dx + t * columns;
      std::fill(row, row + begin, 0.0f);
      std::copy_n(dy + t * width, width, row + begin);
      std::fill(row + begin + width, row + columns, 0.0f);
    });
  }};
}

}  // namespace frugal

#include "frugal/ops/mse.h"

#include <array>

#include "frugal/graph/gradient.h"
#include "frugal/ops/row_sums.h"
#include "frugal/ops/scale.h"

namespace frugal {
namespace {

// Sixteen sums side by side, which the compiler turns into vectors of any width with the same result.
float squared_distance(const float* a, const float* b, int64_t n) {
  std::array<float, 16> sums{};
  int64_t j = 0;
  for (; j + 16 <= n; j += 16)
    for (int64_t k = 0; k < 16; ++k) sums[k] += (a[j + k] - b[j + k]) * (a[j + k] - b[j + k]);
  for (; j < n; ++j) sums[j % 16] += (a[j] - b[j]) * (a[j] - b[j]);
  return static_cast<float>(total(sums.data(), 16));
}

}  // namespace

Value mse(Value a, Value b, Value weights) { return a.graph->add<Mse>({a, b, weights}); }

std::vector<TensorType> Mse::infer(std::span<const TensorType> in) const {
  require(in.size() == 3, "needs a, b and weights");
  require_type(in[0], DType::f32, 2, "a");
  require(in[0] == in[1], "a and b differ in type");
  require(in[2] == f32({in[0].shape[0]}), "weights must be F32, one for each row");
  return {f32({}), in[2]};
}

std::vector<Value> Mse::gradient(const GradientContext& context) const {
  const Value da = context.graph.add<MseGrad>(
      {context.inputs[0], context.inputs[1], context.inputs[2], context.output_gradients[0]});
  return {da, context.needed[1] ? scale(da, -1) : Value{}, {}};
}

Work Mse::work(std::span<const TensorType> in, std::span<const TensorType>) const {
  return {3.0 * static_cast<double>(element_count(in[0].shape)),
          2.0 * static_cast<double>(in[0].byte_count())};
}

Kernel Mse::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0], columns = in[0].shape[1];
  return {[rows, columns](const KernelArgs& args, Worker& worker) {
    const float *a = args.input<float>(0), *b = args.input<float>(1);
    float* losses = args.output<float>(1);
    for_each_row(worker, rows, columns, [=](int64_t i) {
      losses[i] = squared_distance(a + i * columns, b + i * columns, columns) / static_cast<float>(columns);
    });
    worker.single([&] { *args.output<float>(0) = weighted_mean(losses, args.input<float>(2), rows); });
  }};
}

std::vector<TensorType> MseGrad::infer(std::span<const TensorType> in) const {
  require(in.size() == 4, "needs a, b, weights and dloss");
  return {in[0]};
}

Kernel MseGrad::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0], columns = in[0].shape[1];
  return {[rows, columns](const KernelArgs& args, Worker& worker) {
    const float *a = args.input<float>(0), *b = args.input<float>(1), *weights = args.input<float>(2);
    float* da = args.output<float>(0);
    const double weight = total(weights, rows) * static_cast<double>(columns);
    const float factor = weight == 0 ? 0 : static_cast<float>(2 * *args.input<float>(3) / weight);
    for_each_row(worker, rows, columns, [=](int64_t i) {
      const float row_factor = factor * weights[i];
      for (int64_t j = i * columns; j < (i + 1) * columns; ++j) da[j] = row_factor * (a[j] - b[j]);
    });
  }};
}

}  // namespace frugal

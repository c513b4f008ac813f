#include "frugal/ops/bce_with_logits.h"

#include <cmath>

#include "frugal/graph/gradient.h"
#include "frugal/ops/row_sums.h"

namespace frugal {

Value bce_with_logits(Value logits, Value targets, Value weights) {
  return logits.graph->add<BceWithLogits>({logits, targets, weights});
}

std::vector<TensorType> BceWithLogits::infer(std::span<const TensorType> in) const {
  require(in.size() == 3, "needs logits, targets and weights");
  require_type(in[0], DType::f32, 2, "logits");
  require(in[0] == in[1], "targets must have the type of logits");
  require(in[2] == f32({in[0].shape[0]}), "weights must be F32, one for each row");
  return {f32({}), in[2]};
}

std::vector<Value> BceWithLogits::gradient(const GradientContext& context) const {
  return {context.graph.add<BceWithLogitsGrad>(
              {context.inputs[0], context.inputs[1], context.inputs[2], context.output_gradients[0]}),
          {},
          {}};
}

// -z log s - (1 - z) log(1 - s) for s = sigmoid(x), as max(x, 0) - x z + log(1 + e^-|x|): never overflows.
Kernel BceWithLogits::kernel(const Context&, std::span<const TensorType> in,
                             std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0], columns = in[0].shape[1];
  return {[rows, columns](const KernelArgs& args, Worker& worker) {
    const float *logits = args.input<float>(0), *targets = args.input<float>(1);
    float* losses = args.output<float>(1);
    for_each_row(worker, rows, columns, [=](int64_t i) {
      double sum = 0;
      for (int64_t j = i * columns; j < (i + 1) * columns; ++j) {
        const double x = logits[j];
        sum += std::max(x, 0.0) - x * targets[j] + std::log1p(std::exp(-std::abs(x)));
      }
      losses[i] = static_cast<float>(sum / static_cast<double>(columns));
    });
    worker.single([&] { *args.output<float>(0) = weighted_mean(losses, args.input<float>(2), rows); });
  }};
}

std::vector<TensorType> BceWithLogitsGrad::infer(std::span<const TensorType> in) const {
  require(in.size() == 4, "needs logits, targets, weights and dloss");
  return {in[0]};
}

Kernel BceWithLogitsGrad::kernel(const Context&, std::span<const TensorType> in,
                                 std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0], columns = in[0].shape[1];
  return {[rows, columns](const KernelArgs& args, Worker& worker) {
    const float *logits = args.input<float>(0), *targets = args.input<float>(1);
    const float* weights = args.input<float>(2);
    float* out = args.output<float>(0);
    const double weight = total(weights, rows) * static_cast<double>(columns);
    const float factor = weight == 0 ? 0 : static_cast<float>(*args.input<float>(3) / weight);
    for_each_row(worker, rows, columns, [=](int64_t i) {
      for (int64_t j = i * columns; j < (i + 1) * columns; ++j)
        out[j] = factor * weights[i] * (1 / (1 + std::exp(-logits[j])) - targets[j]);
    });
  }};
}

}  // namespace frugal

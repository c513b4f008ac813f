#include "frugal/ops/l2_normalize.h"

#include <fmt/format.h>

#include <cmath>

#include "frugal/graph/gradient.h"
#include "frugal/ops/rows.h"

namespace frugal {
namespace {

double dot(const float* a, const float* b, int64_t n) {
  double sum = 0;
  for (int64_t j = 0; j < n; ++j) sum += double{a[j]} * b[j];
  return sum;
}

}  // namespace

Value l2_normalize(Value x, float eps) { return x.graph->add<L2Normalize>({x}, eps); }

std::string L2Normalize::attributes() const { return fmt::format("eps={}", eps); }

std::vector<TensorType> L2Normalize::infer(std::span<const TensorType> in) const {
  require(in.size() == 1, "needs x");
  require_type(in[0], DType::f32, 2, "x");
  return {in[0], f32({in[0].shape[0]})};
}

std::vector<Value> L2Normalize::gradient(const GradientContext& context) const {
  return {context.graph.add<L2NormalizeGrad>(
      {context.outputs[0], context.output_gradients[0], context.outputs[1]}, eps)};
}

Kernel L2Normalize::kernel(const Context&, std::span<const TensorType> in,
                           std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0], width = in[0].shape[1];
  return {[rows, width, eps = eps](const KernelArgs& args, Worker& worker) {
    const float* x = args.input<float>(0);
    float *y = args.output<float>(0), *divisor = args.output<float>(1);
    for_each_row(worker, rows, width, [=](int64_t i) {
      const float* row = x + i * width;
      divisor[i] = std::max(eps, static_cast<float>(std::sqrt(dot(row, row, width))));
      for (int64_t j = 0; j < width; ++j) y[i * width + j] = row[j] / divisor[i];
    });
  }};
}

std::string L2NormalizeGrad::attributes() const { return fmt::format("eps={}", eps); }

std::vector<TensorType> L2NormalizeGrad::infer(std::span<const TensorType> in) const {
  require(in.size() == 3 && in[0] == in[1], "needs y, dy and the divisor");
  return {in[0]};
}

// dx = (dy - y (y . dy)) / divisor; where eps was the divisor it is a constant and dx = dy / eps.
Kernel L2NormalizeGrad::kernel(const Context&, std::span<const TensorType> in,
                               std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0], width = in[0].shape[1];
  return {[rows, width, eps = eps](const KernelArgs& args, Worker& worker) {
    const float *y = args.input<float>(0), *dy = args.input<float>(1), *divisor = args.input<float>(2);
    float* dx = args.output<float>(0);
    for_each_row(worker, rows, width, [=](int64_t i) {
      const float *unit = y + i * width, *up = dy + i * width;
      const float along = divisor[i] > eps ? static_cast<float>(dot(unit, up, width)) : 0;
      for (int64_t j = 0; j < width; ++j) dx[i * width + j] = (up[j] - unit[j] * along) / divisor[i];
    });
  }};
}

}  // namespace frugal

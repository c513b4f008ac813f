#include "frugal/ops/scale_rows.h"

#include "frugal/graph/gradient.h"
#include "frugal/ops/rows.h"

namespace frugal {

Value scale_rows(Value x, Value w) { return x.graph->add<ScaleRows>({x, w}); }
Value row_dots(Value a, Value b) { return a.graph->add<RowDots>({a, b}); }

std::vector<TensorType> ScaleRows::infer(std::span<const TensorType> in) const {
  require(in.size() == 2, "needs x and w");
  require_type(in[0], DType::f32, 2, "x");
  require(in[1] == f32({in[0].shape[0]}), "w must be F32, one for each row of x");
  return {in[0]};
}

std::vector<Value> ScaleRows::gradient(const GradientContext& context) const {
  const Value x = context.inputs[0], w = context.inputs[1], dy = context.output_gradients[0];
  return {context.needed[0] ? scale_rows(dy, w) : Value{}, context.needed[1] ? row_dots(dy, x) : Value{}};
}

Kernel ScaleRows::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0], width = in[0].shape[1];
  return {[=](const KernelArgs& args, Worker& worker) {
    const float *x = args.input<float>(0), *w = args.input<float>(1);
    float* out = args.output<float>(0);
    for_each_row(worker, rows, width, [=](int64_t t) {
      for (int64_t j = t * width; j < (t + 1) * width; ++j) out[j] = x[j] * w[t];
    });
  }};
}

std::vector<TensorType> RowDots::infer(std::span<const TensorType> in) const {
  require(in.size() == 2 && in[0] == in[1], "needs two tensors of one type");
  require_type(in[0], DType::f32, 2, "a");
  return {f32({in[0].shape[0]})};
}

// Sixteen sums side by side, which the compiler keeps in vectors.
Kernel RowDots::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0], width = in[0].shape[1];
  return {[=](const KernelArgs& args, Worker& worker) {
    constexpr int64_t kSums = 16;
    const float *a = args.input<float>(0), *b = args.input<float>(1);
    float* out = args.output<float>(0);
    for_each_row(worker, rows, width, [=](int64_t t) {
      const float *x = a + t * width, *y = b + t * width;
      float sums[kSums] = {};
      int64_t j = 0;
      for (; j + kSums <= width; j += kSums)
        for (int64_t i = 0; i < kSums; ++i) sums[i] += x[j + i] * y[j + i];
      for (int64_t i = 0; j < width; ++i, ++j) sums[i] += x[j] * y[j];
      double sum = 0;
      for (float part : sums) sum += part;
      out[t] = static_cast<float>(sum);
    });
  }};
}

}  // namespace frugal

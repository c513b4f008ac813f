#include "frugal/ops/segment_mean.h"

#include <fmt/format.h>

#include <algorithm>

#include "frugal/graph/gradient.h"

namespace frugal {

Value segment_mean(Value x, Value offsets) { return x.graph->add<SegmentMean>({x, offsets}); }

std::vector<TensorType> SegmentMean::infer(std::span<const TensorType> in) const {
  require(in.size() == 2, "needs x and offsets");
  require_type(in[0], DType::f32, 2, "x");
  require_type(in[1], DType::i32, 1, "offsets");
  require(in[1].shape[0] >= 1, "offsets is empty");
  return {f32({in[1].shape[0] - 1, in[0].shape[1]})};
}

std::vector<Value> SegmentMean::gradient(const GradientContext& context) const {
  return {context.graph.add<SegmentMeanGrad>({context.output_gradients[0], context.inputs[1]},
                                             context.inputs[0].dim(0)),
          {}};
}

Kernel SegmentMean::kernel(const Context&, std::span<const TensorType> in,
                           std::span<const TensorType>) const {
  const int64_t width = in[0].shape[1], segments = in[1].shape[0] - 1;
  return {[=](const KernelArgs& args, Worker& worker) {
    const float* x = args.input<float>(0);
    const int32_t* offsets = args.input<int32_t>(1);
    float* out = args.output<float>(0);
    worker.for_each(segments, [=](int64_t s) {
      float* mean = out + s * width;
      std::fill(mean, mean + width, 0.0f);
      for (int64_t t = offsets[s]; t < offsets[s + 1]; ++t)
        for (int64_t j = 0; j < width; ++j) mean[j] += x[t * width + j];
      const float length = static_cast<float>(std::max(1, offsets[s + 1] - offsets[s]));
      for (int64_t j = 0; j < width; ++j) mean[j] /= length;
    });
  }};
}

std::string SegmentMeanGrad::attributes() const { return fmt::format("rows={}", rows); }

std::vector<TensorType> SegmentMeanGrad::infer(std::span<const TensorType> in) const {
  require(in.size() == 2, "needs dy and offsets");
  require_type(in[0], DType::f32, 2, "dy");
  require(in[1] == i32({in[0].shape[0] + 1}), "offsets must be I32, one more than dy has rows");
  return {f32({rows, in[0].shape[1]})};
}

Kernel SegmentMeanGrad::kernel(const Context&, std::span<const TensorType> in,
                               std::span<const TensorType>) const {
  const int64_t width = in[0].shape[1], segments = in[0].shape[0];
  return {[width, segments, rows = rows](const KernelArgs& args, Worker& worker) {
    const float* dy = args.input<float>(0);
    const int32_t* offsets = args.input<int32_t>(1);
    float* dx = args.output<float>(0);
    worker.for_each(segments + 1, [=](int64_t s) {
      if (s == segments) {  // the rows before the first and after the last sequence
        std::fill(dx, dx + offsets[0] * width, 0.0f);
        std::fill(dx + offsets[segments] * width, dx + rows * width, 0.0f);
        return;
      }
      const float length = static_cast<float>(std::max(1, offsets[s + 1] - offsets[s]));
      for (int64_t t = offsets[s]; t < offsets[s + 1]; ++t)
        for (int64_t j = 0; j < width; ++j) dx[t * width + j] = dy[s * width + j] / length;
    });
  }};
}

}  // namespace frugal

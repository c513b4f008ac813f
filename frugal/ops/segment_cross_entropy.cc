#include "frugal/ops/segment_cross_entropy.h"

#include <cmath>

#include "frugal/graph/gradient.h"
#include "frugal/ops/row_sums.h"

namespace frugal {
namespace {

bool valid(const int32_t* offsets, const int32_t* labels, int64_t s) {
  return labels[s] >= 0 && labels[s] < offsets[s + 1] - offsets[s];
}

int64_t count_valid(const int32_t* offsets, const int32_t* labels, int64_t segments) {
  int64_t count = 0;
  for (int64_t s = 0; s < segments; ++s) count += valid(offsets, labels, s);
  return count;
}

}  // namespace

Value segment_cross_entropy(Value x, Value offsets, Value labels) {
  return x.graph->add<SegmentCrossEntropy>({x, offsets, labels});
}

std::vector<TensorType> SegmentCrossEntropy::infer(std::span<const TensorType> in) const {
  require(in.size() == 3, "needs x, offsets and labels");
  require_type(in[0], DType::f32, 1, "x");
  require_type(in[2], DType::i32, 1, "labels");
  const int64_t segments = in[2].shape[0];
  require(in[1] == i32({segments + 1}), "offsets must be I32, one more than there are labels");
  return {f32({}), f32({segments}), f32({segments})};
}

std::vector<Value> SegmentCrossEntropy::gradient(const GradientContext& context) const {
  return {context.graph.add<SegmentCrossEntropyGrad>({context.inputs[0], context.inputs[1], context.inputs[2],
                                                      context.outputs[1], context.output_gradients[0]}),
          {},
          {}};
}

// Plain loops in double: one number a token.
Kernel SegmentCrossEntropy::kernel(const Context&, std::span<const TensorType> in,
                                   std::span<const TensorType>) const {
  const int64_t segments = in[2].shape[0];
  return {[segments](const KernelArgs& args, Worker& worker) {
    const float* x = args.input<float>(0);
    const int32_t *offsets = args.input<int32_t>(1), *labels = args.input<int32_t>(2);
    float *lse = args.output<float>(1), *losses = args.output<float>(2);
    worker.for_each(segments, [=](int64_t s) {
      lse[s] = losses[s] = 0;
      if (!valid(offsets, labels, s)) return;
      const float *begin = x + offsets[s], *end = x + offsets[s + 1];
      const double max = *std::max_element(begin, end);
      double sum = 0;
      for (const float* value = begin; value != end; ++value) sum += std::exp(*value - max);
      lse[s] = static_cast<float>(max + std::log(sum));
      losses[s] = lse[s] - begin[labels[s]];
    });
    worker.single([&] {
      const auto count = static_cast<double>(count_valid(offsets, labels, segments));
      *args.output<float>(0) = count > 0 ? static_cast<float>(total(losses, segments) / count) : 0;
    });
  }};
}

std::vector<TensorType> SegmentCrossEntropyGrad::infer(std::span<const TensorType> in) const {
  require(in.size() == 5, "needs x, offsets, labels, log-sum-exp and dloss");
  return {in[0]};
}

Kernel SegmentCrossEntropyGrad::kernel(const Context&, std::span<const TensorType> in,
                                       std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0], segments = in[2].shape[0];
  return {[rows, segments](const KernelArgs& args, Worker& worker) {
    const float *x = args.input<float>(0), *lse = args.input<float>(3);
    const int32_t *offsets = args.input<int32_t>(1), *labels = args.input<int32_t>(2);
    float* dx = args.output<float>(0);
    const int64_t count = std::max<int64_t>(1, count_valid(offsets, labels, segments));
    const float weight = *args.input<float>(4) / static_cast<float>(count);
    worker.for_each(segments + 1, [=](int64_t s) {
      if (s == segments) {  // the rows before the first and after the last sequence
        std::fill(dx, dx + offsets[0], 0.0f);
        std::fill(dx + offsets[segments], dx + rows, 0.0f);
      } else if (!valid(offsets, labels, s)) {
        std::fill(dx + offsets[s], dx + offsets[s + 1], 0.0f);
      } else {
        for (int64_t t = offsets[s]; t < offsets[s + 1]; ++t) dx[t] = weight * std::exp(x[t] - lse[s]);
        dx[offsets[s] + labels[s]] -= weight;
      }
    });
  }};
}

}  // namespace frugal

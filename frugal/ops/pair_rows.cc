#include "frugal/ops/pair_rows.h"

#include <fmt/format.h>

#include "frugal/graph/gradient.h"
#include "frugal/ops/packed_rows.h"

namespace frugal {

Value pair_rows(Value a, Value b, Value offsets) { return a.graph->add<PairRows>({a, b, offsets}); }

std::vector<TensorType> PairRows::infer(std::span<const TensorType> in) const {
  require(in.size() == 3, "needs a, b and offsets");
  require_type(in[0], DType::f32, 2, "a");
  require_type(in[1], DType::f32, 2, "b");
  require_type(in[2], DType::i32, 1, "offsets");
  require(in[0].shape[1] == in[1].shape[1], "a and b differ in width");
  const int64_t sequences = in[2].shape[0] - 1;
  require(sequences >= 1 && in[1].shape[0] >= sequences && in[1].shape[0] % sequences == 0,
          "the sequences differ in vectors");
  return {f32({in[0].shape[0] * (in[1].shape[0] / sequences), in[0].shape[1]})};
}

std::vector<Value> PairRows::gradient(const GradientContext& context) const {
  const Value offsets = context.inputs[2];
  const Value node = context.graph.add<PairRowsGrad>({context.output_gradients[0], offsets},
                                                     context.inputs[1].dim(0) / (offsets.dim(0) - 1));
  return {Graph::output_of(node, 0), Graph::output_of(node, 1), {}};
}

Kernel PairRows::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0], width = in[0].shape[1], sequences = in[2].shape[0] - 1;
  const int64_t vectors = in[1].shape[0] / sequences;
  return {[=](const KernelArgs& args, Worker& worker) {
    const float *a = args.input<float>(0), *b = args.input<float>(1);
    const int32_t* offsets = args.input<int32_t>(2);
    float* out = args.output<float>(0);
    const auto pair = [=](RowRange range, const float* of) {
      for (int64_t t = range.begin; t < range.end; ++t)
        for (int64_t n = 0; n < vectors; ++n)
          for (int64_t j = 0; j < width; ++j)
            out[(t * vectors + n) * width + j] = a[t * width + j] + (of ? of[n * width + j] : 0);
    };
    worker.for_each(sequences + 1, [=](int64_t s) {
      if (s < sequences) return pair(sequence_rows(offsets, s, rows), b + s * vectors * width);
      for (const RowRange rest : other_rows(offsets, sequences, rows)) pair(rest, nullptr);
    });
  }};
}

std::string PairRowsGrad::attributes() const { return fmt::format("vectors={}", vectors); }

std::vector<TensorType> PairRowsGrad::infer(std::span<const TensorType> in) const {
  require(in.size() == 2, "needs dy and offsets");
  require_type(in[0], DType::f32, 2, "dy");
  require_type(in[1], DType::i32, 1, "offsets");
  require(vectors >= 1 && in[0].shape[0] % vectors == 0 && in[1].shape[0] >= 2, "dy is no list of pairs");
  const int64_t width = in[0].shape[1];
  return {f32({in[0].shape[0] / vectors, width}), f32({(in[1].shape[0] - 1) * vectors, width})};
}

Kernel PairRowsGrad::kernel(const Context&, std::span<const TensorType> in,
                            std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0] / vectors, width = in[0].shape[1], sequences = in[1].shape[0] - 1;
  return {[=, vectors = vectors](const KernelArgs& args, Worker& worker) {
    const float* dy = args.input<float>(0);
    const int32_t* offsets = args.input<int32_t>(1);
    float *da = args.output<float>(0), *db = args.output<float>(1);
    const auto collect = [=](RowRange range, float* sums) {
      for (int64_t t = range.begin; t < range.end; ++t) {
        float* sum = da + t * width;
        std::fill_n(sum, width, 0.0f);
        for (int64_t n = 0; n < vectors; ++n)
          for (int64_t j = 0; j < width; ++j) {
            const float g = dy[(t * vectors + n) * width + j];
            sum[j] += g;
            if (sums) sums[n * width + j] += g;
          }
      }
    };
    worker.for_each(sequences + 1, [=](int64_t s) {
      if (s == sequences) {
        for (const RowRange rest : other_rows(offsets, sequences, rows)) collect(rest, nullptr);
        return;
      }
      float* sums = db + s * vectors * width;
      std::fill_n(sums, vectors * width, 0.0f);
      collect(sequence_rows(offsets, s, rows), sums);
    });
  }};
}

}  // namespace frugal

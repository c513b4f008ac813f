#include "frugal/ops/sum_rows.h"

#include "frugal/ops/row_sums.h"

namespace frugal {

Value sum_rows(Value x) { return x.graph->add<SumRows>({x}); }

std::vector<TensorType> SumRows::infer(std::span<const TensorType> in) const {
  require(in.size() == 1, "needs x");
  require_type(in[0], DType::f32, 2, "x");
  const int64_t width = in[0].shape[1];
  return {f32({width}), f32({sum_blocks(in[0].shape[0]), width})};
}

Work SumRows::work(std::span<const TensorType> in, std::span<const TensorType>) const {
  return {static_cast<double>(element_count(in[0].shape)), static_cast<double>(in[0].byte_count())};
}

// Plain loops: they are vectorised for the baseline, and reading x is the limit.
Kernel SumRows::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0], width = in[0].shape[1];
  return {[=](const KernelArgs& args, Worker& worker) {
    const float* x = args.input<float>(0);
    float* partials = args.output<float>(1);
    const int64_t blocks = sum_blocks(rows);
    worker.for_each(blocks, [=](int64_t block) {
      float* sum = partials + block * width;
      std::fill(sum, sum + width, 0.0f);
      for (int64_t t = block * kSumRows; t < std::min(rows, (block + 1) * kSumRows); ++t)
        for (int64_t j = 0; j < width; ++j) sum[j] += x[t * width + j];
    });
    add_blocks(worker, partials, blocks, width, width, args.output<float>(0));
  }};
}

}  // namespace frugal

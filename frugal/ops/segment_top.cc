#include "frugal/ops/segment_top.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "frugal/ops/packed_rows.h"

namespace frugal {
namespace {

// One column of one sequence: `x` and `shares` step by `step`.
void share(const float* x, int64_t rows, int64_t step, float* shares) {
  double max = -std::numeric_limits<double>::infinity(), sum = 0;
  for (int64_t t = 0; t < rows; ++t) max = std::max<double>(max, x[t * step]);
  for (int64_t t = 0; t < rows; ++t) sum += std::exp(x[t * step] - max);
  for (int64_t t = 0; t < rows; ++t) shares[t * step] = static_cast<float>(std::exp(x[t * step] - max) / sum);
}

}  // namespace

SegmentTopValues segment_top(Value x, Value offsets, Value positions, int64_t count) {
  const Value node = x.graph->add<SegmentTop>({x, offsets, positions}, count);
  return {node, Graph::output_of(node, 1), Graph::output_of(node, 2), Graph::output_of(node, 3)};
}

std::string SegmentTop::attributes() const { return fmt::format("count={}", count); }

std::vector<TensorType> SegmentTop::infer(std::span<const TensorType> in) const {
  require(in.size() == 3, "needs x, offsets and positions");
  require_type(in[0], DType::f32, 2, "x");
  require_type(in[1], DType::i32, 1, "offsets");
  require(in[2] == i32({in[0].shape[0]}), "positions must be I32, one for each row of x");
  require(in[1].shape[0] >= 1 && count >= 1, "needs offsets and a count");
  const Shape top{in[1].shape[0] - 1, count, in[0].shape[1]};
  return {in[0], f32(top), i32(top), i32(top)};
}

// Plain loops in double: a few numbers a token.
Kernel SegmentTop::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0], columns = in[0].shape[1], sequences = in[1].shape[0] - 1;
  return {[rows, columns, sequences, count = count](const KernelArgs& args, Worker& worker) {
    const float* x = args.input<float>(0);
    const int32_t *offsets = args.input<int32_t>(1), *positions = args.input<int32_t>(2);
    float *shares = args.output<float>(0), *largest = args.output<float>(1);
    int32_t *places = args.output<int32_t>(2), *top_rows = args.output<int32_t>(3);
    worker.for_each(sequences + 1, [=](int64_t s) {
      if (s == sequences) {
        for (const RowRange rest : other_rows(offsets, sequences, rows))
          std::fill(shares + rest.begin * columns, shares + rest.end * columns, 0.0f);
        return;
      }
      const RowRange range = sequence_rows(offsets, s, rows);
      std::vector<int64_t> order(range.count());
      for (int64_t n = 0; n < columns; ++n) {
        const float* own = shares + n;
        share(x + range.begin * columns + n, range.count(), columns, shares + range.begin * columns + n);
        for (int64_t t = 0; t < range.count(); ++t) order[t] = range.begin + t;
        const int64_t some = std::min(count, range.count());
        std::partial_sort(order.begin(), order.begin() + some, order.end(), [=](int64_t a, int64_t b) {
          const float x = own[a * columns], y = own[b * columns];
          return x != y ? x > y : a < b;
        });
        for (int64_t i = 0; i < count; ++i) {
          const int64_t at = (s * count + i) * columns + n, row = i < some ? order[i] : -1;
          largest[at] = row < 0 ? 0 : own[row * columns];
          places[at] = row < 0 ? -1 : positions[row];
          top_rows[at] = static_cast<int32_t>(row);
        }
      }
    });
  }};
}

Value segment_weighted_sum(Value x, Value w, Value offsets) {
  return x.graph->add<SegmentWeightedSum>({x, w, offsets});
}

std::vector<TensorType> SegmentWeightedSum::infer(std::span<const TensorType> in) const {
  require(in.size() == 3, "needs x, w and offsets");
  require_type(in[0], DType::f32, 2, "x");
  require(in[1] == f32({in[0].shape[0], 1}), "w must be F32, one for each row of x");
  require_type(in[2], DType::i32, 1, "offsets");
  require(in[2].shape[0] >= 1, "offsets is empty");
  return {f32({in[2].shape[0] - 1, in[0].shape[1]})};
}

Kernel SegmentWeightedSum::kernel(const Context&, std::span<const TensorType> in,
                                  std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0], width = in[0].shape[1], sequences = in[2].shape[0] - 1;
  return {[=](const KernelArgs& args, Worker& worker) {
    const float *x = args.input<float>(0), *w = args.input<float>(1);
    float* out = args.output<float>(0);
    worker.for_each(sequences, [=](int64_t s) {
      const RowRange range = sequence_rows(args.input<int32_t>(2), s, rows);
      float* sum = out + s * width;
      std::fill_n(sum, width, 0.0f);
      for (int64_t t = range.begin; t < range.end; ++t)
        for (int64_t j = 0; j < width; ++j) sum[j] += w[t] * x[t * width + j];
    });
  }};
}

}  // namespace frugal

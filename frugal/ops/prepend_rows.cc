#include "frugal/ops/prepend_rows.h"

#include <fmt/format.h>

#include <cstring>

#include "frugal/graph/gradient.h"
#include "frugal/ops/packed_rows.h"
#include "frugal/ops/rows.h"

namespace frugal {
namespace {

// Calls copy(row of the result, whether it is an older one, row there) for each row of sequence s, or for the
// rows of no sequence when s is their number.
template <class F>
void for_each_source(const int32_t* offsets, int64_t s, int64_t sequences, int64_t memory, int64_t rows,
                     F&& copy) {
  const auto copy_all = [&](RowRange range, int64_t shift) {
    for (int64_t t = range.begin; t < range.end; ++t) copy(t + shift, false, t);
  };
  if (s == sequences) {
    const auto [before, after] = other_rows(offsets, sequences, rows);
    copy_all(before, 0);
    copy_all(after, sequences * memory);
    return;
  }
  const RowRange range = sequence_rows(offsets, s, rows);
  for (int64_t m = 0; m < memory; ++m) copy(range.begin + s * memory + m, true, s * memory + m);
  copy_all(range, (s + 1) * memory);
}

}  // namespace

Value prepend_rows(Value older, Value x, Value offsets) {
  return x.graph->add<PrependRows>({older, x, offsets});
}

std::vector<TensorType> PrependRows::infer(std::span<const TensorType> in) const {
  require(in.size() == 3, "needs the older rows, x and offsets");
  require_type(in[0], DType::f32, 2, "the older rows");
  require_type(in[1], DType::f32, 2, "x");
  require_type(in[2], DType::i32, 1, "offsets");
  require(in[0].shape[1] == in[1].shape[1], "the older rows and x differ in width");
  const int64_t sequences = in[2].shape[0] - 1;
  require(sequences >= 1 && in[0].shape[0] % sequences == 0, "the sequences differ in older rows");
  return {f32({in[0].shape[0] + in[1].shape[0], in[1].shape[1]})};
}

std::vector<Value> PrependRows::gradient(const GradientContext& context) const {
  const Value offsets = context.inputs[2];
  const Value node = context.graph.add<PrependRowsGrad>({context.output_gradients[0], offsets},
                                                        context.inputs[0].dim(0) / (offsets.dim(0) - 1));
  return {Graph::output_of(node, 0), Graph::output_of(node, 1), {}};
}

Work PrependRows::work(std::span<const TensorType>, std::span<const TensorType> out) const {
  return {0, 2.0 * static_cast<double>(out[0].byte_count())};
}

Kernel PrependRows::kernel(const Context&, std::span<const TensorType> in,
                           std::span<const TensorType>) const {
  const int64_t sequences = in[2].shape[0] - 1, memory = in[0].shape[0] / sequences, rows = in[1].shape[0];
  const size_t width = static_cast<size_t>(in[1].shape[1]);
  return {[=](const KernelArgs& args, Worker& worker) {
    const float *older = args.input<float>(0), *x = args.input<float>(1);
    float* out = args.output<float>(0);
    worker.for_each(sequences + 1, [=](int64_t s) {
      for_each_source(
          args.input<int32_t>(2), s, sequences, memory, rows, [=](int64_t to, bool old, int64_t from) {
            std::memcpy(out + static_cast<size_t>(to) * width,
                        (old ? older : x) + static_cast<size_t>(from) * width, width * sizeof(float));
          });
    });
  }};
}

std::string PrependRowsGrad::attributes() const { return fmt::format("memory={}", memory); }

std::vector<TensorType> PrependRowsGrad::infer(std::span<const TensorType> in) const {
  require(in.size() == 2, "needs dy and offsets");
  require_type(in[0], DType::f32, 2, "dy");
  require_type(in[1], DType::i32, 1, "offsets");
  const int64_t older = (in[1].shape[0] - 1) * memory;
  require(in[1].shape[0] >= 2 && memory >= 0 && older <= in[0].shape[0], "dy has less than the older rows");
  return {f32({older, in[0].shape[1]}), f32({in[0].shape[0] - older, in[0].shape[1]})};
}

Kernel PrependRowsGrad::kernel(const Context&, std::span<const TensorType> in,
                               std::span<const TensorType>) const {
  const int64_t sequences = in[1].shape[0] - 1, rows = in[0].shape[0] - sequences * memory;
  const size_t width = static_cast<size_t>(in[0].shape[1]);
  return {[=, memory = memory](const KernelArgs& args, Worker& worker) {
    const float* dy = args.input<float>(0);
    float *older = args.output<float>(0), *dx = args.output<float>(1);
    worker.for_each(sequences + 1, [=](int64_t s) {
      for_each_source(args.input<int32_t>(1), s, sequences, memory, rows,
                      [=](int64_t from, bool old, int64_t to) {
                        std::memcpy((old ? older : dx) + static_cast<size_t>(to) * width,
                                    dy + static_cast<size_t>(from) * width, width * sizeof(float));
                      });
    });
  }};
}

}  // namespace frugal

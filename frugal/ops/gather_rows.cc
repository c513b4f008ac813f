#include "frugal/ops/gather_rows.h"

#include <fmt/format.h>

#include <cstring>

#include "frugal/graph/gradient.h"
#include "frugal/ops/rows.h"
#include "frugal/ops/scatter.h"

namespace frugal {

Value gather_rows(Value x, Value index, Value offsets) {
  return x.graph->add<GatherRows>({x, index, offsets});
}
Value scatter_rows(Value dy, Value index, int64_t rows) {
  return dy.graph->add<ScatterRows>({dy, index}, rows);
}

std::vector<TensorType> GatherRows::infer(std::span<const TensorType> in) const {
  require(in.size() == 3, "needs x, index and offsets");
  const TensorType& x = in[0];
  require(x.shape.size() == (x.type == DType::i32 ? 1 : 2), "x is no list of rows");
  require(x.type == DType::f32 || x.type == DType::i32 || x.type == DType::u8, "x must be F32, I32 or U8");
  require_type(in[1], DType::i32, 1, "index");
  require_type(in[2], DType::i32, 1, "offsets");
  TensorType out = x;
  out.shape[0] = in[1].shape[0];
  return {out};
}

std::vector<Value> GatherRows::gradient(const GradientContext& context) const {
  return {scatter_rows(context.output_gradients[0], context.inputs[1], context.inputs[0].dim(0)), {}, {}};
}

Work GatherRows::work(std::span<const TensorType>, std::span<const TensorType> out) const {
  return {0, 2.0 * static_cast<double>(out[0].byte_count())};
}

Kernel GatherRows::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0], count = in[1].shape[0];
  const int64_t width = in[0].shape.size() == 2 ? in[0].shape[1] : 1;
  const size_t bytes = static_cast<size_t>(width) * size_of(in[0].type);
  return {[=](const KernelArgs& args, Worker& worker) {
    const auto* x = args.input<std::byte>(0);
    const int32_t* index = args.input<int32_t>(1);
    auto* out = args.output<std::byte>(0);
    for_each_row(worker, count, width, [=](int64_t i) {
      std::byte* to = out + static_cast<size_t>(i) * bytes;
      if (index[i] < 0 || index[i] >= rows)
        std::memset(to, 0, bytes);
      else
        std::memcpy(to, x + static_cast<size_t>(index[i]) * bytes, bytes);
    });
  }};
}

std::string ScatterRows::attributes() const { return fmt::format("rows={}", rows); }

std::vector<TensorType> ScatterRows::infer(std::span<const TensorType> in) const {
  require(in.size() == 2, "needs dy and index");
  require_type(in[0], DType::f32, 2, "dy");
  require(in[1] == i32({in[0].shape[0]}), "index must be I32, one for each row of dy");
  return {f32({rows, in[0].shape[1]})};
}

Kernel ScatterRows::kernel(const Context&, std::span<const TensorType> in,
                           std::span<const TensorType>) const {
  const int64_t count = in[0].shape[0], width = in[0].shape[1];
  return {[count, width, rows = rows](const KernelArgs& args, Worker& worker) {
    scatter_add(worker, args.input<int32_t>(1), args.input<float>(0), count, rows, width,
                args.output<float>(0));
  }};
}

}  // namespace frugal

#include "frugal/ops/repeat_heads.h"

#include <fmt/format.h>

#include <algorithm>

#include "frugal/graph/gradient.h"
#include "frugal/ops/rows.h"

namespace frugal {

Value repeat_heads(Value x, int64_t heads, int64_t times) {
  return times == 1 ? x : x.graph->add<RepeatHeads>({x}, heads, times);
}

std::string RepeatHeads::attributes() const { return fmt::format("{} x {}", heads, times); }

std::vector<TensorType> RepeatHeads::infer(std::span<const TensorType> in) const {
  require(in.size() == 1 && heads > 0 && times > 0, "needs x and positive counts");
  require_type(in[0], DType::f32, 2, "x");
  require(in[0].shape[1] % heads == 0, fmt::format("{} columns are not {} heads", in[0].shape[1], heads));
  return {f32({in[0].shape[0], in[0].shape[1] * times})};
}

std::vector<Value> RepeatHeads::gradient(const GradientContext& context) const {
  return {context.graph.add<SumHeads>({context.output_gradients[0]}, heads, times)};
}

Kernel RepeatHeads::kernel(const Context&, std::span<const TensorType> in,
                           std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0], width = in[0].shape[1] / heads;
  return {[rows, width, heads = heads, times = times](const KernelArgs& args, Worker& worker) {
    const float* x = args.input<float>(0);
    float* out = args.output<float>(0);
    for_each_row(worker, rows, heads * times * width, [=](int64_t t) {
      for (int64_t h = 0; h < heads * times; ++h)
        std::copy_n(x + (t * heads + h / times) * width, width, out + (t * heads * times + h) * width);
    });
  }};
}

std::string SumHeads::attributes() const { return fmt::format("{} x {}", heads, times); }

std::vector<TensorType> SumHeads::infer(std::span<const TensorType> in) const {
  require(in.size() == 1 && heads > 0 && times > 0, "needs dy and positive counts");
  require_type(in[0], DType::f32, 2, "dy");
  require(in[0].shape[1] % (heads * times) == 0, "the columns are not so many heads");
  return {f32({in[0].shape[0], in[0].shape[1] / times})};
}

Kernel SumHeads::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0], width = in[0].shape[1] / (heads * times);
  return {[rows, width, heads = heads, times = times](const KernelArgs& args, Worker& worker) {
    const float* dy = args.input<float>(0);
    float* dx = args.output<float>(0);
    for_each_row(worker, rows, heads * times * width, [=](int64_t t) {
      for (int64_t h = 0; h < heads; ++h) {
        float* sum = dx + (t * heads + h) * width;
        const float* part = dy + (t * heads + h) * times * width;
        std::copy_n(part, width, sum);
        for (int64_t r = 1; r < times; ++r)
          for (int64_t c = 0; c < width; ++c) sum[c] += part[r * width + c];
      }
    });
  }};
}

}  // namespace frugal

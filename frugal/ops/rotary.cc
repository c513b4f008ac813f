#include "frugal/ops/rotary.h"

#include <fmt/format.h>

#include <cmath>

#include "frugal/graph/gradient.h"
#include "frugal/ops/rows.h"

namespace frugal {

Tensor rotary_frequencies(int64_t dims, double base) {
  require(dims >= 2 && dims % 2 == 0, "rotary positions need an even number of features");
  require(std::isfinite(base) && base > 0, "the base of rotary positions is not positive");
  Tensor frequencies(DType::f32, {dims / 2});
  for (int64_t i = 0; i < dims / 2; ++i) {  // each step rounded to float, as the reference does
    const float power = static_cast<float>(2 * i) / static_cast<float>(dims);
    frequencies.data<float>()[i] = 1 / static_cast<float>(std::pow(base, static_cast<double>(power)));
  }
  return frequencies;
}

Value rotary_angles(Value positions, Value frequencies) {
  return positions.graph->add<RotaryAngles>({positions, frequencies});
}
Value rotary(Value x, Value angles, int64_t heads, RotaryPairs pairs) {
  return x.graph->add<Rotary>({x, angles}, heads, pairs, /*back=*/false);
}

std::vector<TensorType> RotaryAngles::infer(std::span<const TensorType> in) const {
  require(in.size() == 2, "needs positions and frequencies");
  require_type(in[0], DType::i32, 1, "positions");
  require_type(in[1], DType::f32, 1, "frequencies");
  return {f32({in[0].shape[0], 2 * in[1].shape[0]})};
}

Kernel RotaryAngles::kernel(const Context&, std::span<const TensorType> in,
                            std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0], count = in[1].shape[0];
  return {[=](const KernelArgs& args, Worker& worker) {
    // A sine or cosine in double costs as much as some 50 other elements.
    for_each_row(worker, rows, 50 * count, [&](int64_t r) {
      const float position = static_cast<float>(args.input<int32_t>(0)[r]);
      float* out = args.output<float>(0) + r * 2 * count;
      for (int64_t i = 0; i < count; ++i) {
        const double angle = position * args.input<float>(1)[i];
        out[i] = static_cast<float>(std::cos(angle));
        out[count + i] = static_cast<float>(std::sin(angle));
      }
    });
  }};
}

std::string Rotary::attributes() const {
  return fmt::format("heads={} {}{}", heads, pairs == RotaryPairs::halves ? "halves" : "interleaved",
                     back ? " back" : "");
}

std::vector<TensorType> Rotary::infer(std::span<const TensorType> in) const {
  require(in.size() == 2, "needs x and angles");
  require_type(in[0], DType::f32, 2, "x");
  require_type(in[1], DType::f32, 2, "angles");
  require(heads >= 1 && in[0].shape[1] % heads == 0,
          fmt::format("x's width {} is no multiple of the {} heads", in[0].shape[1], heads));
  require(in[1].shape[0] == in[0].shape[0], "x and angles differ in rows");
  require(in[1].shape[1] % 2 == 0 && in[1].shape[1] <= in[0].shape[1] / heads,
          "the angles are odd in number, or more than a head has features");
  return {in[0]};
}

std::vector<Value> Rotary::gradient(const GradientContext& context) const {
  return {context.graph.add<Rotary>({context.output_gradients[0], context.inputs[1]}, heads, pairs, !back),
          {}};
}

Work Rotary::work(std::span<const TensorType> in, std::span<const TensorType> out) const {
  Work work = Op::work(in, out);
  work.flops = 3.0 * static_cast<double>(heads * element_count(in[1].shape));
  return work;
}

}  // namespace frugal

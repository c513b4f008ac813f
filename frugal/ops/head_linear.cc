#include "frugal/ops/head_linear.h"

#include <fmt/format.h>

#include "frugal/graph/gradient.h"
#include "frugal/ops/rows.h"
#include "frugal/ops/sum_rows.h"

namespace frugal {
namespace {

int64_t columns_a_head(const TensorType& x, int heads, std::string_view what) {
  require_type(x, DType::f32, 2, what);
  require(heads >= 1 && x.shape[1] % heads == 0,
          fmt::format("{} has {} columns, which {} heads do not divide", what, x.shape[1], heads));
  return x.shape[1] / heads;
}

// x_h w_h, or its gradients: two floating-point operations for each element of x and each it meets of w.
Work work_of(double elements, double partners, Work work) {
  work.flops = 2 * elements * partners;
  return work;
}

}  // namespace

Value head_linear(Value x, Value w, int heads) {
  return x.graph->add<HeadLinear>({x, w}, heads, /*transposed=*/false);
}
Value head_linear_t(Value x, Value w, Value bias, int heads) {
  return x.graph->add<HeadLinear>({x, w, bias}, heads, /*transposed=*/true);
}

std::string HeadLinear::attributes() const {
  return fmt::format("heads={} {}", heads, transposed ? 'T' : 'N');
}

std::vector<TensorType> HeadLinear::infer(std::span<const TensorType> in) const {
  require(in.size() == (transposed ? 3 : 2), transposed ? "needs x, w and a bias or none" : "needs x and w");
  const int64_t width = columns_a_head(in[0], heads, "x");
  require_type(in[1], DType::f32, 2, "w");
  const int64_t rows = in[1].shape[0], columns = in[1].shape[1];
  if (!transposed) {
    require(rows == in[0].shape[1], fmt::format("x has {} columns for w's {} rows", in[0].shape[1], rows));
    return {f32({in[0].shape[0], heads * columns})};
  }
  require(width == columns && rows % heads == 0,
          fmt::format("w is {}x{}, which is not for {} heads of {} columns", rows, columns, heads, width));
  require(in[2].shape.empty() || in[2] == f32({rows}), fmt::format("the bias must be F32[{}]", rows));
  return {f32({in[0].shape[0], rows})};
}

std::vector<Value> HeadLinear::gradient(const GradientContext& context) const {
  const Value x = context.inputs[0], w = context.inputs[1], dy = context.output_gradients[0];
  std::vector<Value> result(context.inputs.size());
  if (context.needed[0]) result[0] = transposed ? head_linear(dy, w, heads) : head_linear_t(dy, w, {}, heads);
  if (context.needed[1])
    result[1] = context.graph.add<HeadOuter>({transposed ? dy : x, transposed ? x : dy}, heads);
  if (transposed && context.needed[2]) result[2] = sum_rows(dy);
  return result;
}

Work HeadLinear::work(std::span<const TensorType> in, std::span<const TensorType> out) const {
  return work_of(static_cast<double>(element_count(in[0].shape)),
                 static_cast<double>(out[0].shape[1] / heads), Op::work(in, out));
}

std::string HeadOuter::attributes() const { return fmt::format("heads={}", heads); }

std::vector<TensorType> HeadOuter::infer(std::span<const TensorType> in) const {
  require(in.size() == 2, "needs x and y");
  columns_a_head(in[0], heads, "x");
  const int64_t width = columns_a_head(in[1], heads, "y");
  require(in[0].shape[0] == in[1].shape[0], "x and y differ in rows");
  return {f32({in[0].shape[1], width})};
}

Work HeadOuter::work(std::span<const TensorType> in, std::span<const TensorType> out) const {
  return work_of(static_cast<double>(element_count(in[0].shape)), static_cast<double>(out[0].shape[1]),
                 Op::work(in, out));
}

}  // namespace frugal

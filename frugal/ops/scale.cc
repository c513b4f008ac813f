#include "frugal/ops/scale.h"

#include <fmt/format.h>

#include "frugal/graph/gradient.h"
#include "frugal/ops/rows.h"

namespace frugal {

Value scale(Value x, float factor) { return factor == 1 ? x : x.graph->add<Scale>({x}, factor); }
Value weighted_sum(Value a, float wa, Value b, float wb) { return a.graph->add<WeightedSum>({a, b}, wa, wb); }

std::string Scale::attributes() const { return fmt::format("factor={}", factor); }

std::vector<TensorType> Scale::infer(std::span<const TensorType> in) const {
  require(in.size() == 1 && in[0].type == DType::f32, "needs one F32 tensor");
  return {in[0]};
}

std::vector<Value> Scale::gradient(const GradientContext& context) const {
  return {scale(context.output_gradients[0], factor)};
}

Kernel Scale::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  return {[n = element_count(in[0].shape), factor = factor](const KernelArgs& args, Worker& worker) {
    const float* x = args.input<float>(0);
    float* out = args.output<float>(0);
    for_each_chunk(worker, n, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) out[i] = factor * x[i];
    });
  }};
}

std::string WeightedSum::attributes() const { return fmt::format("wa={} wb={}", wa, wb); }

std::vector<TensorType> WeightedSum::infer(std::span<const TensorType> in) const {
  require(in.size() == 2 && in[0] == in[1] && in[0].type == DType::f32, "needs two F32 tensors of one shape");
  return {in[0]};
}

std::vector<Value> WeightedSum::gradient(const GradientContext& context) const {
  const Value dy = context.output_gradients[0];
  return {context.needed[0] ? scale(dy, wa) : Value{}, context.needed[1] ? scale(dy, wb) : Value{}};
}

Kernel WeightedSum::kernel(const Context&, std::span<const TensorType> in,
                           std::span<const TensorType>) const {
  return {[n = element_count(in[0].shape), wa = wa, wb = wb](const KernelArgs& args, Worker& worker) {
    const float *a = args.input<float>(0), *b = args.input<float>(1);
    float* out = args.output<float>(0);
    for_each_chunk(worker, n, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) out[i] = wa * a[i] + wb * b[i];
    });
  }};
}

}  // namespace frugal

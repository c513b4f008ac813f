#include "frugal/ops/multiply.h"

#include "frugal/graph/gradient.h"
#include "frugal/ops/rows.h"

namespace frugal {

Value multiply(Value a, Value b) { return a.graph->add<Multiply>({a, b}); }

std::vector<TensorType> Multiply::infer(std::span<const TensorType> in) const {
  require(in.size() == 2 && in[0] == in[1] && in[0].type == DType::f32, "needs two F32 tensors of one shape");
  return {in[0]};
}

std::vector<Value> Multiply::gradient(const GradientContext& context) const {
  const Value dy = context.output_gradients[0];
  return {context.needed[0] ? multiply(dy, context.inputs[1]) : Value{},
          context.needed[1] ? multiply(dy, context.inputs[0]) : Value{}};
}

// Plain loops: memory is the limit.
Kernel Multiply::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const int64_t n = element_count(in[0].shape);
  return {[n](const KernelArgs& args, Worker& worker) {
    const float *a = args.input<float>(0), *b = args.input<float>(1);
    float* out = args.output<float>(0);
    for_each_chunk(worker, n, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) out[i] = a[i] * b[i];
    });
  }};
}

}  // namespace frugal

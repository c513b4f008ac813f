#include "frugal/ops/add.h"

#include "frugal/graph/gradient.h"
#include "frugal/ops/rows.h"

namespace frugal {

Value add(Value a, Value b) { return a.graph->add<Add>({a, b}); }

std::vector<TensorType> Add::infer(std::span<const TensorType> in) const {
  require(in.size() == 2 && in[0] == in[1] && in[0].type == DType::f32, "needs two F32 tensors of one shape");
  return {in[0]};
}

std::vector<Value> Add::gradient(const GradientContext& context) const {
  return {context.output_gradients[0], context.output_gradients[0]};
}

// Plain loops: the compiler vectorises them for the baseline, and memory is the limit anyway.
Kernel Add::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const int64_t n = element_count(in[0].shape);
  return {[n](const KernelArgs& args, Worker& worker) {
    const float *a = args.input<float>(0), *b = args.input<float>(1);
    float* out = args.output<float>(0);
    for_each_chunk(worker, n, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) out[i] = a[i] + b[i];
    });
  }};
}

}  // namespace frugal

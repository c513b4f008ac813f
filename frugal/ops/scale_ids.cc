#include "frugal/ops/scale_ids.h"

namespace frugal {

Value scale_ids(Value ids, int32_t by) { return ids.graph->add<ScaleIds>({ids}, by); }

std::vector<TensorType> ScaleIds::infer(std::span<const TensorType> in) const {
  require(in.size() == 1, "needs one input");
  require_type(in[0], DType::i32, 1, "ids");
  return {in[0]};
}

Kernel ScaleIds::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  return {[n = in[0].shape[0], by = by](const KernelArgs& args, Worker& worker) {
    const int32_t* ids = args.input<int32_t>(0);
    int32_t* out = args.output<int32_t>(0);
    worker.single([&] {
      for (int64_t i = 0; i < n; ++i) out[i] = ids[i] * by;
    });
  }};
}

}  // namespace frugal

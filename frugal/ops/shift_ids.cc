#include "frugal/ops/shift_ids.h"

namespace frugal {

Value shift_ids(Value ids, int32_t by) { return by == 0 ? ids : ids.graph->add<ShiftIds>({ids}, by); }

std::vector<TensorType> ShiftIds::infer(std::span<const TensorType> in) const {
  require(in.size() == 1, "needs one input");
  require_type(in[0], DType::i32, 1, "ids");
  return {in[0]};
}

Kernel ShiftIds::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  return {[n = in[0].shape[0], by = by](const KernelArgs& args, Worker& worker) {
    const int32_t* ids = args.input<int32_t>(0);
    int32_t* out = args.output<int32_t>(0);
    worker.single([&] {
      for (int64_t i = 0; i < n; ++i) out[i] = ids[i] < 0 ? -1 : ids[i] + by;
    });
  }};
}

}  // namespace frugal

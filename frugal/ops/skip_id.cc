#include "frugal/ops/skip_id.h"

namespace frugal {

Value skip_id(Value ids, int32_t id) { return ids.graph->add<SkipId>({ids}, id); }

std::vector<TensorType> SkipId::infer(std::span<const TensorType> in) const {
  require(in.size() == 1, "needs one input");
  require_type(in[0], DType::i32, 1, "ids");
  return {in[0]};
}

Kernel SkipId::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  return {[n = in[0].shape[0], skipped = id](const KernelArgs& args, Worker& worker) {
    const int32_t* ids = args.input<int32_t>(0);
    int32_t* out = args.output<int32_t>(0);
    worker.single([&] {
      for (int64_t i = 0; i < n; ++i) out[i] = ids[i] == skipped ? -1 : ids[i];
    });
  }};
}

}  // namespace frugal

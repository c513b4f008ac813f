#include "frugal/ops/axis_index.h"

#include <fmt/format.h>

#include "frugal/ops/rows.h"

namespace frugal {

Value axis_index(Value positions, int64_t stride, int64_t size) {
  return positions.graph->add<AxisIndex>({positions}, stride, size);
}

std::string AxisIndex::attributes() const { return fmt::format("stride={} size={}", stride, size); }

std::vector<TensorType> AxisIndex::infer(std::span<const TensorType> in) const {
  require(in.size() == 1, "needs positions");
  require_type(in[0], DType::i32, 1, "positions");
  require(stride >= 1 && size >= 1, "the grid is empty");
  return {in[0]};
}

Kernel AxisIndex::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  return {[stride = stride, size = size, n = in[0].shape[0]](const KernelArgs& args, Worker& worker) {
    const int32_t* positions = args.input<int32_t>(0);
    int32_t* out = args.output<int32_t>(0);
    for_each_chunk(worker, n, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        out[i] = positions[i] < 0 ? -1 : static_cast<int32_t>(positions[i] / stride % size);
    });
  }};
}

}  // namespace frugal

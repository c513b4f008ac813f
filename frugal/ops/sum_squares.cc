#include "frugal/ops/sum_squares.h"

#include <fmt/format.h>

#include <cmath>

#include "frugal/base/checked.h"
#include "frugal/ops/sum_squares_blocks.h"

namespace frugal {

Value sum_squares(std::vector<Value> inputs) {
  Graph& graph = *inputs.at(0).graph;
  return graph.add<SumSquares>(std::move(inputs));
}
Value clip_scale(Value sum_of_squares, float max_norm) {
  return sum_of_squares.graph->add<ClipScale>({sum_of_squares}, max_norm);
}

std::vector<SquareBlock> square_blocks(std::span<const TensorType> in) {
  std::vector<SquareBlock> blocks;
  for (size_t k = 0; k < in.size(); ++k)
    for (int64_t n = element_count(in[k].shape), begin = 0; begin < n; begin += kSquareBlock)
      blocks.push_back({k, begin, std::min(kSquareBlock, n - begin)});
  return blocks;
}

std::vector<TensorType> SumSquares::infer(std::span<const TensorType> in) const {
  require(!in.empty(), "needs at least one tensor");
  for (const TensorType& type : in) require(type.type == DType::f32, "needs F32 tensors");
  return {f32({}), f32({static_cast<int64_t>(square_blocks(in).size())})};
}

Work SumSquares::work(std::span<const TensorType> in, std::span<const TensorType>) const {
  Work work;
  for (const TensorType& type : in) {
    work.flops += 2 * static_cast<double>(element_count(type.shape));
    work.bytes += static_cast<double>(type.byte_count());
  }
  return work;
}

std::string ClipScale::attributes() const { return fmt::format("max_norm={}", max_norm); }

std::vector<TensorType> ClipScale::infer(std::span<const TensorType> in) const {
  require(in.size() == 1 && in[0] == f32({}), "needs the scalar of sum_squares");
  require(max_norm > 0, "the largest norm must be positive");
  return {in[0]};
}

Kernel ClipScale::kernel(const Context&, std::span<const TensorType>, std::span<const TensorType>) const {
  return {[max_norm = max_norm](const KernelArgs& args, Worker& worker) {
    worker.single([&] {
      const float scale = max_norm / (std::sqrt(*args.input<float>(0)) + 1e-6f);
      *args.output<float>(0) = scale > 1 ? 1 : scale;  // NaN stays NaN
    });
  }};
}

}  // namespace frugal

#include "frugal/ops/concat.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>
#include <numeric>

#include "frugal/graph/gradient.h"
#include "frugal/ops/rows.h"

namespace frugal {
namespace {

// Where the parts lie in the whole, in floats from its first; rows of the whole are `stride` floats apart.
struct Pieces {
  std::vector<int64_t> offsets, rows, widths;
  int64_t stride = 0;
};

Pieces pieces_of(std::span<const TensorType> parts, int axis, int64_t stride) {
  Pieces pieces;
  pieces.stride = stride;
  int64_t offset = 0;
  for (const TensorType& part : parts) {
    pieces.offsets.push_back(offset);
    pieces.rows.push_back(part.shape[0]);
    pieces.widths.push_back(part.shape[1]);
    offset += axis == 0 ? part.shape[0] * stride : part.shape[1];
  }
  return pieces;
}

// Calls copy(part, row, offset of the row in the whole, its width).
template <class F>
void for_each_piece_row(Worker& worker, const Pieces& p, F&& copy) {
  for (size_t k = 0; k < p.rows.size(); ++k)
    for_each_row(worker, p.rows[k], p.widths[k],
                 [&](int64_t row) { copy(k, row, p.offsets[k] + row * p.stride, p.widths[k]); });
}

size_t bytes(int64_t floats) { return static_cast<size_t>(floats) * sizeof(float); }

}  // namespace

Value concat(const std::vector<Value>& parts, int axis) {
  if (parts.size() == 1) return parts[0];
  return parts[0].graph->add<Concat>(parts, axis, static_cast<int>(parts.size()));
}

std::vector<Value> split(Value x, const std::vector<int64_t>& sizes, int axis) {
  if (sizes.size() == 1) return {x};
  const Value node = x.graph->add<Split>({x}, axis, sizes);
  std::vector<Value> parts;
  for (size_t k = 0; k < sizes.size(); ++k) parts.push_back(Graph::output_of(node, static_cast<int>(k)));
  return parts;
}

std::string Concat::attributes() const { return fmt::format("axis={}", axis); }
std::string Split::attributes() const { return fmt::format("axis={} sizes={}", axis, fmt::join(sizes, ",")); }

std::vector<int> Concat::row_inputs() const {
  std::vector<int> inputs(axis == 1 ? parts : 0);
  std::iota(inputs.begin(), inputs.end(), 0);
  return inputs;
}
std::vector<int> Split::row_inputs() const { return axis == 1 ? std::vector<int>{0} : std::vector<int>{}; }

std::vector<TensorType> Concat::infer(std::span<const TensorType> in) const {
  require(axis == 0 || axis == 1, "the axis is neither 0 nor 1");
  require(static_cast<int>(in.size()) == parts && parts >= 1, "needs its parts");
  Shape shape = in[0].shape;
  for (size_t k = 0; k < in.size(); ++k) {
    require_type(in[k], DType::f32, 2, "a part");
    require(in[k].shape[1 - axis] == shape[1 - axis], "the parts do not fit each other");
    if (k > 0) shape[axis] += in[k].shape[axis];
  }
  return {f32(shape)};
}

std::vector<TensorType> Split::infer(std::span<const TensorType> in) const {
  require(axis == 0 || axis == 1, "the axis is neither 0 nor 1");
  require(in.size() == 1, "needs one matrix");
  require_type(in[0], DType::f32, 2, "x");
  require(std::accumulate(sizes.begin(), sizes.end(), int64_t{0}) == in[0].shape[axis],
          "the sizes do not add up");
  std::vector<TensorType> out;
  for (int64_t size : sizes) {
    require(size >= 0, "a size is negative");
    out.push_back(in[0]);
    out.back().shape[axis] = size;
  }
  return out;
}

std::vector<Value> Concat::gradient(const GradientContext& context) const {
  std::vector<int64_t> sizes;
  for (const Value& part : context.inputs) sizes.push_back(part.dim(axis));
  return split(context.output_gradients[0], sizes, axis);
}

std::vector<Value> Split::gradient(const GradientContext& context) const {
  std::vector<Value> parts = context.output_gradients;
  for (size_t k = 0; k < parts.size(); ++k)
    if (!parts[k]) parts[k] = context.graph.constant(Tensor(DType::f32, context.outputs[k].shape()));
  return {concat(parts, axis)};
}

Kernel Concat::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType> out) const {
  return {[p = pieces_of(in, axis, out[0].shape[1])](const KernelArgs& args, Worker& worker) {
    for_each_piece_row(worker, p, [&](size_t k, int64_t row, int64_t offset, int64_t width) {
      std::memcpy(args.output<float>(0) + offset, args.input<float>(k) + row * width, bytes(width));
    });
  }};
}

Kernel Split::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType> out) const {
  return {[p = pieces_of(out, axis, in[0].shape[1])](const KernelArgs& args, Worker& worker) {
    for_each_piece_row(worker, p, [&](size_t k, int64_t row, int64_t offset, int64_t width) {
      std::memcpy(args.output<float>(k) + row * width, args.input<float>(0) + offset, bytes(width));
    });
  }};
}

}  // namespace frugal

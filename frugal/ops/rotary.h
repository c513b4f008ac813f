// rotary: positions as rotations of queries and keys (Su et al., "RoFormer", 2021, arXiv 2104.09864).
//
// Pairs of a head's features turn by an angle that grows with the row's position, so that the product of a
// query and a key depends on their distance alone. Pair i of a row at position p turns by p * frequencies[i]:
//   (x, y) -> (x cos - y sin, y cos + x sin)
//
// rotary_frequencies: base^(-2i / dims) for i in [0, dims / 2), dims even, as Llama and GPT-NeoX have them
// (base 10000 at first). Models that stretch their context change these numbers, which is why they are an
// input. rotary_angles(positions I32[T], frequencies F32[dims / 2]): F32[T, dims], the cosines and then the
// sines of each row, made once for all layers. The angle is a float product, as in the reference; its
// functions are exact. rotary(x F32[T, heads * width], angles F32[T, dims]): turns the first dims features of
// each head, dims <= width, and copies the rest. Its gradient turns back.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

enum class RotaryPairs : uint8_t {
  halves,      // features i and i + dims / 2 (checkpoints of Transformers)
  interleaved  // features 2i and 2i + 1 (RoFormer, GPT-J, the original Llama)
};

Tensor rotary_frequencies(int64_t dims, double base);
Value rotary_angles(Value positions, Value frequencies);
Value rotary(Value x, Value angles, int64_t heads, RotaryPairs pairs);

struct RotaryAngles : Op {
  std::string_view name() const override { return "rotary_angles"; }
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
};

struct Rotary : Op {
  Rotary(int64_t heads, RotaryPairs pairs, bool back) : heads(heads), pairs(pairs), back(back) {}
  const int64_t heads;
  const RotaryPairs pairs;
  const bool back;  // turns the other way

  std::string_view name() const override { return "rotary"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  std::vector<Value> gradient(const GradientContext& context) const override;
  Work work(std::span<const TensorType> in, std::span<const TensorType> out) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int in_place_input() const override { return 0; }
  std::vector<int> row_inputs() const override { return {0, 1}; }
};

}  // namespace frugal

// sinusoids: the positional encoding of Vaswani et al. 2017 (arXiv 1706.03762) for a run of distances, sines
// before cosines as in Transformer-XL (Dai et al. 2019):
//
//   out[m] = [sin(d f_0), ..., sin(d f_{W/2-1}), cos(d f_0), ...],  d = first + m,  f_i = 10000^(-2i/W)
//
// F32[rows, width] from no input at all; width is even. With `clamp` > 0, d is cut to [-clamp, clamp]. Angles
// are rounded to F32 before the sine is taken, as the published code does.
#pragma once

#include "frugal/graph/graph.h"

namespace frugal {

Value sinusoids(Graph& graph, int64_t first, int64_t rows, int64_t width, int64_t clamp = 0);

struct Sinusoids : Op {
  Sinusoids(int64_t first, int64_t rows, int64_t width, int64_t clamp)
      : first(first), rows(rows), width(width), clamp(clamp) {}
  std::string_view name() const override { return "sinusoids"; }
  std::string attributes() const override;
  std::vector<TensorType> infer(std::span<const TensorType> in) const override;
  Kernel kernel(const Context&, std::span<const TensorType> in,
                std::span<const TensorType> out) const override;
  int64_t first, rows, width, clamp;
};

}  // namespace frugal

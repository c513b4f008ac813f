// How sum_squares cuts its inputs: the order of its sum.
#pragma once

#include <vector>

#include "frugal/graph/op.h"

namespace frugal {

constexpr int64_t kSquareBlock = 16384;

struct SquareBlock {
  size_t input;
  int64_t begin, count;
};
std::vector<SquareBlock> square_blocks(std::span<const TensorType> in);

}  // namespace frugal

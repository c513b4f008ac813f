// Running a part of a network on some rows at a time: the same numbers, and only one piece's inner values in
// memory (Kitaev et al. 2020, section 3: the feed-forward layer and the head "in chunks").
#pragma once

#include <algorithm>

#include "frugal/base/checked.h"
#include "frugal/ops/concat.h"

namespace frugal {

// Every piece is a few nodes of the graph: more than this many would cost more than they save.
inline constexpr int64_t kMostPieces = 64;

// f(piece, number) of each `rows` rows of x, one under the other; 0: of all rows at once. f must treat each
// row by itself.
template <class F>
Value in_row_pieces(Value x, int64_t rows, F&& f) {
  if (rows <= 0 || rows >= x.dim(0)) return f(x, 0);
  rows = std::max(rows, ceil_div(x.dim(0), kMostPieces));
  std::vector<int64_t> sizes;
  for (int64_t row = 0; row < x.dim(0); row += rows) sizes.push_back(std::min(rows, x.dim(0) - row));
  std::vector<Value> pieces = split(x, sizes, 0);
  for (size_t i = 0; i < pieces.size(); ++i) pieces[i] = f(pieces[i], static_cast<int64_t>(i));
  return concat(pieces, 0);
}

}  // namespace frugal

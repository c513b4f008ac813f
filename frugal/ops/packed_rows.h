// Sequences packed into the rows of a tensor, as kernels meet them: offsets are data of the run and may be
// anything, so they are cut to the tensor.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace frugal {

struct RowRange {
  int64_t begin, end;
  int64_t count() const { return end - begin; }
};

// The rows of sequence s, cut to the tensor.
inline RowRange sequence_rows(const int32_t* offsets, int64_t s, int64_t rows) {
  const int64_t begin = std::clamp<int64_t>(offsets[s], 0, rows);
  return {begin, std::clamp<int64_t>(offsets[s + 1], begin, rows)};
}

// The first sequence that ends after this row; it may begin after it. `sequences` if none does.
inline int64_t first_ending_after(const int32_t* offsets, int64_t sequences, int64_t row) {
  const int32_t* ends = offsets + 1;
  return std::upper_bound(ends, ends + sequences, row) - ends;
}

// The rows before the first sequence and after the last; both belong to none.
inline std::array<RowRange, 2> other_rows(const int32_t* offsets, int64_t sequences, int64_t rows) {
  const int64_t first = std::clamp<int64_t>(offsets[0], 0, rows);
  return {RowRange{0, first}, RowRange{std::clamp<int64_t>(offsets[sequences], first, rows), rows}};
}

}  // namespace frugal

// How element-wise and row-wise kernels share work: chunks whose borders depend on the shape alone.
#pragma once

#include <algorithm>
#include <cstdint>

#include "frugal/base/checked.h"
#include "frugal/base/team.h"

namespace frugal {

// Calls f(begin, end) over [0, n) in chunks of `chunk` elements: small enough to balance, large enough that a
// chunk's work hides the atomic that hands it out.
template <class F>
void for_each_chunk(Worker& worker, int64_t n, F&& f, int64_t chunk = 8192) {
  worker.for_each(ceil_div(n, chunk), [&](int64_t i) { f(i * chunk, std::min(n, (i + 1) * chunk)); });
}

// Calls f(row) for each row, handed out in blocks of about 8192 elements.
template <class F>
void for_each_row(Worker& worker, int64_t rows, int64_t width, F&& f) {
  const int64_t block = std::max<int64_t>(1, 8192 / std::max<int64_t>(1, width));
  for_each_chunk(
      worker, rows,
      [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) f(row);
      },
      block);
}

}  // namespace frugal

// out[index[i]] += rows[i], zero elsewhere: the shared kernel of embedding_grad and scatter_rows.
#pragma once

#include <cstring>

#include "frugal/ops/rows.h"

namespace frugal {

// out[targets, width] from rows[n, width]; indices outside [0, targets) are skipped; rows of equal index are
// added in order. Collective. Each item owns a range of targets and walks all indices, so no two threads meet
// in a row; at most 64 items, so the walks cost at most 64 n comparisons.
inline void scatter_add(Worker& worker, const int32_t* index, const float* rows, int64_t n, int64_t targets,
                        int64_t width, float* out) {
  for_each_chunk(
      worker, targets,
      [=](int64_t begin, int64_t end) {
        std::memset(out + begin * width, 0, static_cast<size_t>((end - begin) * width) * sizeof(float));
        for (int64_t i = 0; i < n; ++i) {
          if (index[i] < begin || index[i] >= end) continue;
          float* sum = out + index[i] * width;
          for (int64_t j = 0; j < width; ++j) sum[j] += rows[i * width + j];
        }
      },
      std::max<int64_t>(64, ceil_div(targets, 64)));
}

}  // namespace frugal

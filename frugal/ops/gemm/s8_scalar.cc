// The portable integer micro-kernel; the compiler vectorizes it for the baseline.
#include "frugal/ops/gemm/kernel.h"

namespace frugal::gemm_internal {
namespace {

constexpr int64_t kCols = 16, kGroup = 4;

void run_panel(const Tile& tile, int64_t panel) {
  const auto* b = static_cast<const int8_t*>(tile.b) + panel * tile.b_bytes;
  for (int64_t row = 0; row < tile.rows; ++row) {
    const auto* a = static_cast<const uint8_t*>(tile.a) + row * tile.a_bytes;
    int32_t* acc = static_cast<int32_t*>(tile.acc) + panel * tile.acc_elements + row * kCols;
    int32_t sums[kCols] = {};
    for (int64_t k = 0; k < tile.k; k += kGroup)
      for (int64_t j = 0; j < kCols; ++j)
        for (int64_t i = 0; i < kGroup; ++i) sums[j] += a[k + i] * b[k * kCols + j * kGroup + i];
    for (int64_t j = 0; j < kCols; ++j) acc[j] = tile.first ? sums[j] : acc[j] + sums[j];
  }
}

void run(const Tile& tile) {
  for (int64_t panel = 0; panel < tile.panels; ++panel) run_panel(tile, panel);
}

}  // namespace

Kernel s8_scalar_kernel() {
  const auto nothing = [] {};
  return {.rows = 4,
          .row_unit = 1,
          .cols = kCols,
          .k_unit = kGroup,
          .group = kGroup,
          .step = kGroup,
          .element = 1,
          .chunk = 1024,
          .stretch = 0,
          .far = 0,
          .together = 1,
          .summable = nullptr,
          .run = run,
          .enter = nothing,
          .leave = nothing};
}

}  // namespace frugal::gemm_internal

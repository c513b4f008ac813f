// AMX: tiles of 16 rows by 64 bytes. 32 x 32 sums in four tiles, or 16 x 64 when there are at most 16 rows;
// four independent sums hide the 52 cycles of a tile product.
#if defined(__x86_64__)
#include <immintrin.h>

#include <atomic>
#include <cstddef>

#include "frugal/ops/gemm/x86.h"

namespace frugal::gemm_internal {
namespace {

#define FRUGAL_AMX __attribute__((target("amx-tile,amx-bf16,amx-int8")))

constexpr int64_t kCols = 32, kRows = 16;
constexpr int64_t kLine = kCols * 4;      // bytes from one row of a tile of B, or of sums, to the next
constexpr int64_t kStep = kRows * kLine;  // bytes of a panel for one tile's depth

// All eight tiles are 16 rows of 64 bytes, always: rows beyond the last are computed and ignored.
struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

constexpr TileConfig kConfig;

FRUGAL_AMX void enter() { _tile_loadconfig(&kConfig); }

FRUGAL_AMX void leave() { _tile_release(); }

// Sums 0 and 1 lie side by side at `left`, 2 and 3 at `right`; all four have a row stride of kLine bytes.
FRUGAL_AMX inline void load_sums(const std::byte* left, const std::byte* right, bool first) {
  if (first) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  } else {
    _tile_loadd(0, left, kLine);
    _tile_loadd(1, left + 64, kLine);
    _tile_loadd(2, right, kLine);
    _tile_loadd(3, right + 64, kLine);
  }
}

FRUGAL_AMX inline void store_sums(std::byte* left, std::byte* right) {
  _tile_stored(0, left, kLine);
  _tile_stored(1, left + 64, kLine);
  _tile_stored(2, right, kLine);
  _tile_stored(3, right + 64, kLine);
}

// A macro, since tile numbers must be constants: sums += a b.
#define FRUGAL_PRODUCT(sums, a, b) \
  if constexpr (kBytes)            \
    _tile_dpbusd(sums, a, b);      \
  else                             \
    _tile_dpbf16ps(sums, a, b)

template <bool kBytes>
FRUGAL_AMX void run_32x32(const Tile& tile, const std::byte* b, std::byte* acc, int64_t steps) {
  const auto* a = static_cast<const std::byte*>(tile.a);
  const auto* a2 = a + kRows * tile.a_bytes;
  load_sums(acc, acc + kRows * kLine, tile.first);
  for (int64_t i = 0; i < steps; ++i, a += 64, a2 += 64, b += kStep) {
    _tile_loadd(6, b, kLine);
    _tile_loadd(4, a, tile.a_bytes);
    FRUGAL_PRODUCT(0, 4, 6);
    _tile_loadd(7, b + 64, kLine);
    FRUGAL_PRODUCT(1, 4, 7);
    _tile_loadd(5, a2, tile.a_bytes);
    FRUGAL_PRODUCT(2, 5, 6);
    FRUGAL_PRODUCT(3, 5, 7);
  }
  store_sums(acc, acc + kRows * kLine);
}

template <bool kBytes>
FRUGAL_AMX void run_16x64(const Tile& tile, const std::byte* b, const std::byte* b2, std::byte* acc,
                          std::byte* acc2, int64_t steps) {
  const auto* a = static_cast<const std::byte*>(tile.a);
  load_sums(acc, acc2, tile.first);
  for (int64_t i = 0; i < steps; ++i, a += 64, b += kStep, b2 += kStep) {
    _tile_loadd(4, a, tile.a_bytes);
    _tile_loadd(5, b, kLine);
    FRUGAL_PRODUCT(0, 4, 5);
    _tile_loadd(6, b + 64, kLine);
    FRUGAL_PRODUCT(1, 4, 6);
    _tile_loadd(7, b2, kLine);
    FRUGAL_PRODUCT(2, 4, 7);
    _tile_loadd(5, b2 + 64, kLine);
    FRUGAL_PRODUCT(3, 4, 5);
  }
  store_sums(acc, acc2);
}

template <bool kBytes>
void run(const Tile& tile) {
  // One or two rows of bytes only stream B, which vpdpbusd does faster: 4.5 us against 6.6 for 384 x 1536.
  // Integers are the same either way; bf16 sums would not be.
  if (kBytes && tile.rows <= 2) return run_vnni(tile);
  std::atomic_signal_fence(
      std::memory_order_seq_cst);  // compilers do not see what tile loads and stores touch
  const auto* b = static_cast<const std::byte*>(tile.b);
  auto* acc = static_cast<std::byte*>(tile.acc);
  const int64_t acc_bytes = tile.acc_elements * 4, steps = tile.k / (kBytes ? 64 : 32);
  if (tile.rows > kRows) {
    for (int64_t p = 0; p < tile.panels; ++p)
      run_32x32<kBytes>(tile, b + p * tile.b_bytes, acc + p * acc_bytes, steps);
  } else {
    for (int64_t p = 0; p < tile.panels; p += 2) {
      const int64_t q = p + 1 < tile.panels ? p + 1 : p;  // a lone panel is computed twice, to the same end
      run_16x64<kBytes>(tile, b + p * tile.b_bytes, b + q * tile.b_bytes, acc + p * acc_bytes,
                        acc + q * acc_bytes, steps);
    }
  }
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

template <bool kBytes>
Kernel kernel() {
  constexpr int64_t kGroup = kBytes ? 4 : 2;
  return {.rows = 2 * kRows,
          .row_unit = kRows,
          .cols = kCols,
          .k_unit = 16 * kGroup,
          .group = kGroup,
          .step = 16 * kGroup,
          .element = 4 / kGroup,
          .chunk = 256 * kGroup,
          .stretch = 0,
          .far = 0,
          .together = 4,
          .summable = nullptr,
          .run = run<kBytes>,
          .enter = enter,
          .leave = leave};
}

}  // namespace

Kernel s8_amx_kernel() { return kernel<true>(); }
Kernel bf16_amx_kernel() { return kernel<false>(); }

}  // namespace frugal::gemm_internal
#endif

// The small matrix products of attention: C (+)= A B with at most a few hundred rows, columns and terms.
//
// A tile of C (rows x vectors) stays in registers while the terms are summed in order; elements of A are
// broadcast, rows of B loaded. Nothing is packed: A may be read along its rows or its columns, and the
// parts of a vector at the end of B's and C's rows are masked. An element's sum is one chain of MulAdd over
// the terms, so its bits do not depend on the tile it falls into.
#if defined(FRUGAL_OPS_ATTENTION_PRODUCT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FRUGAL_OPS_ATTENTION_PRODUCT_INL_H_
#undef FRUGAL_OPS_ATTENTION_PRODUCT_INL_H_
#else
#define FRUGAL_OPS_ATTENTION_PRODUCT_INL_H_
#endif

#include <array>
#include <cstdint>
#include <utility>

#include "frugal/ops/row_pointers.h"
#include "frugal/ops/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {
namespace attention_simd {

// Where the element of A for row m and term k lies: by_row at a[m * stride + k], by_term at a[k * stride +
// m].
enum class ReadA { by_row, by_term };

struct Operands {
  const float* a;
  int64_t a_stride;
  const float* b;  // term k at b + k * b_stride
  int64_t b_stride;
  float* c;  // row m at c + m * c_stride
  int64_t c_stride;
  int64_t terms;
  bool accumulate;
};

// Registers: vectors x rows accumulators, one row of B and a broadcast.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
constexpr int kTileVectors = 3;  // of 32 registers
constexpr std::array<int, 4> kTileRows{0, 12, 12, 8};
#elif HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
constexpr int kTileVectors = 1;  // no vectors at all: keep the code small
constexpr std::array<int, 2> kTileRows{0, 4};
#else
constexpr int kTileVectors = 2;  // of 16 registers
constexpr std::array<int, 3> kTileRows{0, 12, 6};
#endif
constexpr int kMostRows = 12;

// Loops over a tile are unrolled, so that its arrays of vectors become registers.
#undef FRUGAL_UNROLL
#if defined(__clang__)
#define FRUGAL_UNROLL _Pragma("clang loop unroll(full)")
#else
#define FRUGAL_UNROLL _Pragma("GCC unroll 12")
#endif

template <ReadA kRead, int kRows, int kVectors, class Last>
HWY_INLINE void tile(const Operands& o, Last last) {
  const FloatTag d;
  constexpr int64_t lanes = hn::MaxLanes(FloatTag());
  constexpr int end = kVectors - 1;  // the vector that may be partial
  Floats sum[kRows][kVectors], b[kVectors];
  FRUGAL_UNROLL for (int m = 0; m < kRows; ++m) {
    const float* c = o.c + m * o.c_stride;
    FRUGAL_UNROLL for (int v = 0; v < end; ++v) sum[m][v] =
        o.accumulate ? hn::LoadU(d, c + v * lanes) : hn::Zero(d);
    sum[m][end] = o.accumulate ? last.load(c + end * lanes) : hn::Zero(d);
  }
  const float* b_row = o.b;
  RowPointers<float, kRows, kRead == ReadA::by_term> rows(o.a, o.a_stride * sizeof(float));
  for (int64_t k = o.terms; k > 0; --k) {
    FRUGAL_UNROLL for (int v = 0; v < end; ++v) b[v] = hn::LoadU(d, b_row + v * lanes);
    b[end] = last.load(b_row + end * lanes);
    FRUGAL_UNROLL for (int m = 0; m < kRows; ++m) {
      const Floats am = hn::Set(d, rows.at(m));
      FRUGAL_UNROLL for (int v = 0; v < kVectors; ++v) sum[m][v] = hn::MulAdd(am, b[v], sum[m][v]);
    }
    rows.advance();
    b_row += o.b_stride;
  }
  FRUGAL_UNROLL for (int m = 0; m < kRows; ++m) {
    float* c = o.c + m * o.c_stride;
    FRUGAL_UNROLL for (int v = 0; v < end; ++v) hn::StoreU(sum[m][v], d, c + v * lanes);
    last.store(sum[m][end], c + end * lanes);
  }
}

using TileFunction = void (*)(const Operands&, size_t);

// part: lanes of the last vector, 0 for all.
template <ReadA kRead, int kRows, int kVectors>
HWY_ATTR void tile_entry(const Operands& o, size_t part) {
  if constexpr (kRows <= kTileRows[kVectors])
    part == 0 ? tile<kRead, kRows, kVectors>(o, WholeVector())
              : tile<kRead, kRows, kVectors>(o, PartVector{part});
}

template <ReadA kRead, int kVectors, int... kRow>
constexpr std::array<TileFunction, kMostRows> tile_entries(std::integer_sequence<int, kRow...>) {
  return {&tile_entry<kRead, kRow + 1, kVectors>...};
}

// [vectors - 1][rows - 1]
template <ReadA kRead, int... kVector>
constexpr std::array<std::array<TileFunction, kMostRows>, kTileVectors> tile_table(
    std::integer_sequence<int, kVector...>) {
  return {tile_entries<kRead, kVector + 1>(std::make_integer_sequence<int, kMostRows>())...};
}
template <ReadA kRead>
constexpr auto kTiles = tile_table<kRead>(std::make_integer_sequence<int, kTileVectors>());

// The product of `rows` x `terms` by `terms` x `columns`. Rows and columns are cut evenly (13 rows are 7 + 6,
// not 12 + 1): a tile of one row would wait for its own additions.
template <ReadA kRead>
HWY_ATTR void product(const Operands& whole, int64_t rows, int64_t columns) {
  constexpr int64_t lanes = hn::MaxLanes(FloatTag());
  const int64_t vectors = ceil_div(columns, lanes), panels = ceil_div(vectors, kTileVectors);
  for (int64_t p = 0; p < panels; ++p) {
    const int64_t first = vectors * p / panels, width = vectors * (p + 1) / panels - first;
    const size_t part = p + 1 == panels ? static_cast<size_t>(columns % lanes) : 0;
    const int64_t tiles = ceil_div(rows, kTileRows[width]);
    for (int64_t t = 0; t < tiles; ++t) {
      const int64_t row = rows * t / tiles, height = rows * (t + 1) / tiles - row;
      Operands o = whole;
      o.a += kRead == ReadA::by_row ? row * o.a_stride : row;
      o.b += first * lanes;
      o.c += row * o.c_stride + first * lanes;
      kTiles<kRead>[width - 1][height - 1](o, part);
    }
  }
}

}  // namespace attention_simd
}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#endif

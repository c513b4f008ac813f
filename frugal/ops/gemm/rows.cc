#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frugal/ops/gemm/rows.cc"
#include <hwy/foreach_target.h>
// After foreach_target.h
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "frugal/ops/gemm/rows.h"
#include "frugal/ops/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace frugal::gemm_internal {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using frugal::HWY_NAMESPACE::ActivateAs;
using frugal::HWY_NAMESPACE::CoarseGelu;
using frugal::HWY_NAMESPACE::WithActivation;

#if HWY_TARGET != HWY_SCALAR
const hn::FixedTag<float, 4> kFour;

// Four rows of four from four columns.
HWY_INLINE void Transpose4(const float* from, int64_t from_stride, float* to, int64_t to_stride) {
  const hn::FixedTag<double, 2> pairs;
  const auto a = hn::LoadU(kFour, from), b = hn::LoadU(kFour, from + from_stride);
  const auto c = hn::LoadU(kFour, from + 2 * from_stride), e = hn::LoadU(kFour, from + 3 * from_stride);
  const auto ab_low = hn::BitCast(pairs, hn::InterleaveLower(kFour, a, b));
  const auto ce_low = hn::BitCast(pairs, hn::InterleaveLower(kFour, c, e));
  const auto ab_high = hn::BitCast(pairs, hn::InterleaveUpper(kFour, a, b));
  const auto ce_high = hn::BitCast(pairs, hn::InterleaveUpper(kFour, c, e));
  hn::StoreU(hn::BitCast(kFour, hn::InterleaveLower(pairs, ab_low, ce_low)), kFour, to);
  hn::StoreU(hn::BitCast(kFour, hn::InterleaveUpper(pairs, ab_low, ce_low)), kFour, to + to_stride);
  hn::StoreU(hn::BitCast(kFour, hn::InterleaveLower(pairs, ab_high, ce_high)), kFour, to + 2 * to_stride);
  hn::StoreU(hn::BitCast(kFour, hn::InterleaveUpper(pairs, ab_high, ce_high)), kFour, to + 3 * to_stride);
}
#endif

void CopyRows(MatrixView from, int64_t rows, int64_t cols, float* to, int64_t stride) {
  if (from.col_stride == 1) {
    for (int64_t i = 0; i < rows; ++i)
      std::memcpy(to + i * stride, from.data + i * from.row_stride, cols * 4);
    return;
  }
  const auto copy = [&](int64_t i0, int64_t i1, int64_t j0, int64_t j1) {
    for (int64_t i = i0; i < i1; ++i)
      for (int64_t j = j0; j < j1; ++j)
        to[i * stride + j] = from.data[i * from.row_stride + j * from.col_stride];
  };
#if HWY_TARGET == HWY_SCALAR
  copy(0, rows, 0, cols);
#else
  if (from.row_stride != 1) return copy(0, rows, 0, cols);
  const int64_t even_rows = rows / 4 * 4, even_cols = cols / 4 * 4;
  for (int64_t j0 = 0; j0 < even_cols; j0 += 16) {  // 16 columns of `to` at a time: whole cache lines
    const int64_t j1 = std::min(even_cols, j0 + 16);
    for (int64_t i = 0; i < even_rows; i += 4)
      for (int64_t j = j0; j < j1; j += 4)
        Transpose4(from.data + i + j * from.col_stride, from.col_stride, to + i * stride + j, stride);
  }
  copy(0, even_rows, even_cols, cols);
  copy(even_rows, rows, 0, cols);
#endif
}

RowScale QuantizeRow(const float* x, int64_t k, uint8_t* q, int64_t padded) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  const hn::RebindToUnsigned<decltype(d)> du;
  const hn::Rebind<uint8_t, decltype(d)> db;
  const int64_t lanes = hn::Lanes(d), whole = k / lanes * lanes;
  HWY_ALIGN float rest[HWY_MAX_BYTES / sizeof(float)] = {};
  std::memcpy(rest, x + whole, (k - whole) * sizeof(float));

  const auto zero = hn::Zero(d), last = hn::Load(d, rest);
  auto low = hn::Min(last, zero), high = hn::Max(last, zero);
  auto poison = hn::Mul(last, zero);  // NaN if any x is not finite
  auto low2 = low, high2 = high, poison2 = poison;
  int64_t i = 0;
  for (; i + 2 * lanes <= whole; i += 2 * lanes) {  // two chains each: one would wait for itself
    // The next rows lie in the second-level cache at best: waiting for them was two fifths of this function.
    hwy::Prefetch(x + i + 256);
    const auto v = hn::LoadU(d, x + i), w = hn::LoadU(d, x + i + lanes);
    low = hn::Min(low, v);
    low2 = hn::Min(low2, w);
    high = hn::Max(high, v);
    high2 = hn::Max(high2, w);
    poison = hn::MulAdd(v, zero, poison);
    poison2 = hn::MulAdd(w, zero, poison2);
  }
  if (i < whole) {
    const auto v = hn::LoadU(d, x + i);
    low = hn::Min(low, v);
    high = hn::Max(high, v);
    poison = hn::MulAdd(v, zero, poison);
  }
  const float least = hn::GetLane(hn::MinOfLanes(d, hn::Min(low, low2)));
  const float most = hn::GetLane(hn::MaxOfLanes(d, hn::Max(high, high2)));
  const float poisoned = hn::GetLane(hn::SumOfLanes(d, hn::Add(poison, poison2)));
  const float range = most - least;
  // A range below 1e-36 would overflow the inverse; such a row is 0 to any purpose.
  const float inverse = range > 1e-36f && range <= hwy::HighestValue<float>() ? 255.0f / range : 0.0f;
  const int32_t shift = inverse == 0 ? 0 : hn::GetLane(hn::NearestInt(hn::Set(d, -least * inverse)));

  // Products lie within 255 of 0: adding 1.5 * 2^23 rounds them to integers, left in the low bits. The least
  // becomes 0; the most may become 256, when both round up.
  constexpr float kMagic = 12582912.0f;
  constexpr int32_t kMagicBits = 0x4B400000;
  const auto scale = hn::Set(d, inverse), magic = hn::Set(d, kMagic);
  const auto offset = hn::Set(di, shift - kMagicBits), top = hn::Set(di, 255);
  const auto bytes = [&](auto v) HWY_ATTR {
    const auto rounded = hn::BitCast(di, hn::Add(hn::Mul(v, scale), magic));
    return hn::U8FromU32(hn::BitCast(du, hn::Min(hn::Add(rounded, offset), top)));
  };
  for (i = 0; i < whole; i += lanes) hn::StoreU(bytes(hn::LoadU(d, x + i)), db, q + i);
  if (whole < k) {
    HWY_ALIGN uint8_t end[HWY_MAX_BYTES];
    hn::StoreU(bytes(last), db, end);
    std::memcpy(q + whole, end, k - whole);
  }
  std::memset(q + k, 0, padded - k);
  return {range * (1.0f / 255) + poisoned, shift};
}

// What follows a product of integers is mostly another one.
template <Activation kActivation, bool kIntegers, class D, class V = hn::Vec<D>>
HWY_INLINE V ActivateSums(D d, V y) {
  if constexpr (kIntegers && kActivation == Activation::gelu)
    return CoarseGelu(d, y);
  else
    return ActivateAs<kActivation>(d, y);
}

// Rows [i, end) of kVectors vectors of columns from col, whose sums are at `sums` (of row 0).
template <Activation kActivation, bool kIntegers, int kVectors>
void FinishColumns(const Finish& block, int64_t i, int64_t end, int64_t col, const float* HWY_RESTRICT sums) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  using V = hn::Vec<decltype(d)>;
  const int64_t lanes = hn::Lanes(d);
  V bias[kVectors], scales[kVectors];
  hn::Vec<decltype(di)> col_sums[kVectors];
  for (int v = 0; v < kVectors; ++v) {
    bias[v] = block.bias ? hn::LoadU(d, block.bias + col + v * lanes) : hn::Zero(d);
    if constexpr (!kIntegers) continue;
    scales[v] = hn::LoadU(d, block.col_scales + col + v * lanes);
    col_sums[v] = hn::LoadU(di, block.col_sums + col + v * lanes);
  }
  // Copies: the compiler takes the stores for possible changes of the block.
  const int64_t panel_cols = block.panel_cols, ldc = block.ldc;
  const float* const residual = block.residual;
  const RowScale* const rows = block.row_scales;
  float* const c = block.c;
  for (; i < end; ++i) {
    for (int v = 0; v < kVectors; ++v) {
      V y = hn::Load(d, sums + i * panel_cols + v * lanes);
      if constexpr (kIntegers) {
        const RowScale row = rows[i];
        const auto exact = hn::Sub(hn::BitCast(di, y), hn::Mul(col_sums[v], hn::Set(di, row.zero)));
        y = hn::MulAdd(hn::Mul(hn::ConvertTo(d, exact), hn::Set(d, row.scale)), scales[v], bias[v]);
      } else if (block.bias) {
        y = hn::Add(y, bias[v]);
      }
      y = ActivateSums<kActivation, kIntegers>(d, y);
      const int64_t at = i * ldc + col + v * lanes;
      if (residual) y = hn::Add(y, hn::LoadU(d, residual + at));
      hn::StoreU(y, d, c + at);
    }
  }
}

// The last columns of all, fewer than a vector has: sums and packed scales are padded, the rest goes through
// full vectors.
template <Activation kActivation, bool kIntegers>
void FinishRest(const Finish& block, int64_t i, int64_t end, int64_t col, const float* sums) {
  HWY_ALIGN float bias[HWY_MAX_BYTES / 4] = {}, residual[HWY_MAX_BYTES / 4] = {}, c[HWY_MAX_BYTES / 4];
  const int64_t bytes = (block.cols - col) * 4;
  if (block.bias) std::memcpy(bias, block.bias + col, bytes);
  for (; i < end; ++i) {
    Finish row = block;
    row.c = c;
    if (block.bias) row.bias = bias;
    if (block.residual) {
      std::memcpy(residual, block.residual + i * block.ldc + col, bytes);
      row.residual = residual;
    }
    if (block.row_scales) {
      row.row_scales = block.row_scales + i;
      row.col_scales = block.col_scales + col;
      row.col_sums = block.col_sums + col;
    }
    FinishColumns<kActivation, kIntegers, 1>(row, 0, 1, 0, sums + i * block.panel_cols);
    std::memcpy(block.c + i * block.ldc + col, c, bytes);
  }
}

// Of several panels a few rows at a time go through all: whole stretches of C, on few pages.
template <Activation kActivation, bool kIntegers>
void FinishAs(const Finish& block) {
  const int64_t at_a_time = block.cols > block.panel_cols ? 4 : block.rows;
  const int64_t lanes = hn::Lanes(hn::ScalableTag<float>());
  for (int64_t i = 0; i < block.rows; i += at_a_time) {
    const int64_t end = std::min(i + at_a_time, block.rows);
    const float* panel = static_cast<const float*>(block.sums);
    for (int64_t first = 0; first < block.cols; first += block.panel_cols, panel += block.panel_stride) {
      const int64_t cols = std::min(block.panel_cols, block.cols - first);
      int64_t j = 0;
      for (; j + 4 * lanes <= cols; j += 4 * lanes)
        FinishColumns<kActivation, kIntegers, 4>(block, i, end, first + j, panel + j);
      for (; j + 2 * lanes <= cols; j += 2 * lanes)
        FinishColumns<kActivation, kIntegers, 2>(block, i, end, first + j, panel + j);
      for (; j + lanes <= cols; j += lanes)
        FinishColumns<kActivation, kIntegers, 1>(block, i, end, first + j, panel + j);
      if (j < cols) FinishRest<kActivation, kIntegers>(block, i, end, first + j, panel + j);
    }
  }
}

void FinishBlock(const Finish& block) {
  WithActivation(block.activation, [&]<Activation kActivation>() HWY_ATTR {
    block.row_scales ? FinishAs<kActivation, true>(block) : FinishAs<kActivation, false>(block);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace frugal::gemm_internal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace frugal::gemm_internal {
HWY_EXPORT(CopyRows);
HWY_EXPORT(QuantizeRow);
HWY_EXPORT(FinishBlock);
void copy_rows(MatrixView from, int64_t rows, int64_t cols, float* to, int64_t stride) {
  HWY_DYNAMIC_DISPATCH(CopyRows)(from, rows, cols, to, stride);
}
RowScale quantize_row(const float* x, int64_t k, uint8_t* q, int64_t padded) {
  return HWY_DYNAMIC_DISPATCH(QuantizeRow)(x, k, q, padded);
}
void finish(const Finish& block) { HWY_DYNAMIC_DISPATCH(FinishBlock)(block); }
}  // namespace frugal::gemm_internal
#endif

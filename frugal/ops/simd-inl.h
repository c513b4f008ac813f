// Loops over rows of floats in whole vectors and one part of a vector; included once for each Highway target.
//
// Every element goes through the same vector operations wherever it stands, and a sum's order depends on its
// length alone, so results do not depend on alignment or on how a tensor was cut into chunks.
#if defined(FRUGAL_OPS_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FRUGAL_OPS_SIMD_INL_H_
#undef FRUGAL_OPS_SIMD_INL_H_
#else
#define FRUGAL_OPS_SIMD_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>
#include <limits>
#include <utility>

// For lambdas that take vectors: they need the target's attribute, and a call would cost more than they do.
#undef FRUGAL_LAMBDA
#define FRUGAL_LAMBDA HWY_ATTR __attribute__((always_inline))

// The implementation for the instruction set that Context::make chose last. Called when a kernel is prepared,
// so that a prepared kernel keeps its instruction set.
#undef FRUGAL_DISPATCH
#define FRUGAL_DISPATCH(f) (hwy::GetChosenTarget().Update(hwy::SupportedTargets()), &HWY_DYNAMIC_DISPATCH(f))

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using FloatTag = hn::ScalableTag<float>;
using Floats = hn::Vec<FloatTag>;

struct WholeVector {
  HWY_INLINE Floats load(const float* p) const { return hn::LoadU(FloatTag(), p); }
  HWY_INLINE void store(Floats v, float* p) const { hn::StoreU(v, FloatTag(), p); }
  HWY_INLINE Floats keep(Floats v, Floats) const { return v; }
};

// The first `count` lanes.
struct PartVector {
  size_t count;
  HWY_INLINE Floats load(const float* p) const {
    const FloatTag d;
#if HWY_TARGET == HWY_EMU128 || HWY_TARGET == HWY_SCALAR  // its MaskedLoad reads all lanes
    HWY_ALIGN float lanes[hn::MaxLanes(d)] = {};
    for (size_t i = 0; i < count; ++i) lanes[i] = p[i];
    return hn::Load(d, lanes);
#else
    return hn::MaskedLoad(hn::FirstN(d, count), d, p);
#endif
  }
  HWY_INLINE void store(Floats v, float* p) const {
    hn::BlendedStore(v, hn::FirstN(FloatTag(), count), FloatTag(), p);
  }
  HWY_INLINE Floats keep(Floats v, Floats otherwise) const {
    return hn::IfThenElse(hn::FirstN(FloatTag(), count), v, otherwise);
  }
};

// Calls f(i, part) for each vector of [begin, end); `part` loads and stores.
template <class F>
HWY_INLINE void for_each_vector(int64_t begin, int64_t end, F&& f) {
  constexpr int64_t lanes = hn::MaxLanes(FloatTag());
  int64_t i = begin;
  for (; i + lanes <= end; i += lanes) f(i, WholeVector());
  if (i < end) f(i, PartVector{static_cast<size_t>(end - i)});
}

// Folds f(i, part) over [0, n) with `combine` in four chains, which hide the latency of an addition.
template <class F, class Combine>
HWY_INLINE Floats fold(int64_t n, Floats start, Combine&& combine, F&& f) {
  constexpr int64_t lanes = hn::MaxLanes(FloatTag());
  Floats a = start, b = start, c = start, e = start;
  int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    a = combine(a, f(i, WholeVector()));
    b = combine(b, f(i + lanes, WholeVector()));
    c = combine(c, f(i + 2 * lanes, WholeVector()));
    e = combine(e, f(i + 3 * lanes, WholeVector()));
  }
  for (; i + lanes <= n; i += lanes) a = combine(a, f(i, WholeVector()));
  if (i < n) {
    const PartVector part{static_cast<size_t>(n - i)};
    b = combine(b, part.keep(f(i, part), start));
  }
  return combine(combine(a, b), combine(c, e));
}

template <class F>
HWY_INLINE float sum_of(int64_t n, F&& f) {
  const FloatTag d;
  const Floats sum = fold(
      n, hn::Zero(d), [](Floats x, Floats y) FRUGAL_LAMBDA { return hn::Add(x, y); }, std::forward<F>(f));
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

template <class F>
HWY_INLINE float max_of(int64_t n, F&& f) {
  const FloatTag d;
  const Floats lowest = hn::Set(d, -std::numeric_limits<float>::infinity());
  const Floats max = fold(
      n, lowest, [](Floats x, Floats y) FRUGAL_LAMBDA { return hn::Max(x, y); }, std::forward<F>(f));
  return hn::GetLane(hn::MaxOfLanes(d, max));
}

}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#endif

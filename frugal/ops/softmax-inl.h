// What the losses over rows of logits share; included once for each Highway target.
#if defined(FRUGAL_OPS_SOFTMAX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FRUGAL_OPS_SOFTMAX_INL_H_
#undef FRUGAL_OPS_SOFTMAX_INL_H_
#else
#define FRUGAL_OPS_SOFTMAX_INL_H_
#endif

#include <hwy/highway.h>

#include <cmath>

#include "frugal/ops/math-inl.h"
#include "frugal/ops/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {

// log(sum of exp(factor x[j])), factor > 0, without overflow: the largest x is taken out first.
HWY_INLINE float log_sum_exp(const float* x, int64_t n, float factor) {
  const FloatTag d;
  const float max = max_of(n, [=](int64_t j, auto part) FRUGAL_LAMBDA { return part.load(x + j); });
  const Floats top = hn::Set(d, max), f = hn::Set(d, factor);
  const float sum = sum_of(n, [=](int64_t j, auto part) FRUGAL_LAMBDA {
    return Exp(d, hn::Mul(hn::Sub(part.load(x + j), top), f));
  });
  return max * factor + std::log(sum);
}

}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#endif

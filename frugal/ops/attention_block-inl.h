// Steps that every attention over blocks of queries and keys takes; see attention_strip-inl.h.
#if defined(FRUGAL_OPS_ATTENTION_BLOCK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FRUGAL_OPS_ATTENTION_BLOCK_INL_H_
#undef FRUGAL_OPS_ATTENTION_BLOCK_INL_H_
#else
#define FRUGAL_OPS_ATTENTION_BLOCK_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "frugal/ops/attention_product-inl.h"
#include "frugal/ops/attention_strip-inl.h"

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {
namespace attention_simd {

// strip[j][i] = rows[j] . columns[.][i], added to what the strip holds or in place of it.
inline HWY_ATTR void multiply(const Strip& strip, Strided<const float> rows, const float* columns,
                              int64_t width, bool add) {
  product<ReadA::by_row>({rows.data, rows.stride, columns, strip.lanes, strip.data, strip.stride, width, add},
                         strip.keys, strip.lanes);
}

inline HWY_ATTR void scale_rows(Strided<float> rows, int64_t count, int64_t width, const float* factors) {
  for (int64_t i = 0; i < count; ++i) {
    const Floats factor = hn::Set(FloatTag(), factors[i]);
    float* row = rows.row(i);
    for_each_vector(0, width, [=](int64_t e, auto part) FRUGAL_LAMBDA {
      part.store(hn::Mul(part.load(row + e), factor), row + e);
    });
  }
}

inline void clear_rows(Strided<float> rows, int64_t count, int64_t width) {
  for (int64_t i = 0; i < count; ++i) std::fill_n(rows.row(i), width, 0.0f);
}

// delta[i] = out[i] . out_grad[i], and lse with 0 for queries without keys, whose scores are all -infinity.
// The lanes beyond the last query get infinity: their probabilities and gradients are 0.
inline HWY_ATTR void load_queries(const AttentionHead& head, const AttentionHeadGrad& grad, int64_t first,
                                  int64_t count, int64_t lanes, float* lse, float* delta) {
  std::fill_n(lse, lanes, -kMinusInfinity);
  std::fill_n(delta, lanes, 0.0f);
  for (int64_t i = 0; i < count; ++i) {
    const float *out = grad.out.row(first + i), *out_grad = grad.out_grad.row(first + i);
    delta[i] = sum_of(head.value_width, [=](int64_t e, auto part) FRUGAL_LAMBDA {
      return hn::Mul(part.load(out + e), part.load(out_grad + e));
    });
    const float value = *grad.lse.row(first + i);
    lse[i] = value == kMinusInfinity ? 0 : value;
  }
}

}  // namespace attention_simd
}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#endif

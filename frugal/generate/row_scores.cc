#include "frugal/generate/row_scores.h"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frugal/generate/row_scores.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "frugal/ops/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {
namespace {

void subtract_log_sum(float* x, int64_t n) {
  const FloatTag d;
  const Floats sum = hn::Set(d, log_sum_exp(x, n, 1));
  for_each_vector(
      0, n, [=](int64_t j, auto part) FRUGAL_LAMBDA { part.store(hn::Sub(part.load(x + j), sum), x + j); });
}

float largest(const float* x, int64_t n) {
  return max_of(n, [=](int64_t j, auto part) FRUGAL_LAMBDA { return part.load(x + j); });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace frugal {

HWY_EXPORT(subtract_log_sum);
HWY_EXPORT(largest);

RowScores::RowScores()
    : subtract_log_sum_(FRUGAL_DISPATCH(subtract_log_sum)), largest_(FRUGAL_DISPATCH(largest)) {}

void RowScores::log_softmax(std::span<float> scores) const {
  const auto n = static_cast<int64_t>(scores.size());
  if (std::isfinite(largest_(scores.data(), n))) subtract_log_sum_(scores.data(), n);
}

int32_t RowScores::argmax(std::span<const float> scores) const {
  const float top = largest_(scores.data(), static_cast<int64_t>(scores.size()));
  const auto found = std::find(scores.begin(), scores.end(), top);
  return found == scores.end() ? 0 : static_cast<int32_t>(found - scores.begin());
}

}  // namespace frugal
#endif

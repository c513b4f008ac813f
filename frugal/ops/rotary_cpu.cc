// The kernel of rotary: whole vectors of pairs, then pair by pair.
#include <algorithm>

#include "frugal/ops/rotary.h"
#include "frugal/ops/rows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frugal/ops/rotary_cpu.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "frugal/ops/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {

// One head's `count` pairs; y may be x. sign: -1 turns back.
HWY_ATTR void turn(const float* x, const float* cosines, const float* sines, int64_t count, float sign,
                   bool interleaved, float* y) {
  const FloatTag d;
  const Floats direction = hn::Set(d, sign);
  constexpr int64_t lanes = hn::MaxLanes(FloatTag());
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const Floats c = hn::LoadU(d, cosines + i), s = hn::Mul(hn::LoadU(d, sines + i), direction);
    Floats a, b;
    if (interleaved)
      hn::LoadInterleaved2(d, x + 2 * i, a, b);
    else
      a = hn::LoadU(d, x + i), b = hn::LoadU(d, x + count + i);
    const Floats turned_a = hn::NegMulAdd(b, s, hn::Mul(a, c)), turned_b = hn::MulAdd(a, s, hn::Mul(b, c));
    if (interleaved)
      hn::StoreInterleaved2(turned_a, turned_b, d, y + 2 * i);
    else
      hn::StoreU(turned_a, d, y + i), hn::StoreU(turned_b, d, y + count + i);
  }
  for (; i < count; ++i) {
    const int64_t first = interleaved ? 2 * i : i, second = interleaved ? first + 1 : count + i;
    const float a = x[first], b = x[second], c = cosines[i], s = sines[i] * sign;
    y[first] = a * c - b * s;
    y[second] = b * c + a * s;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace frugal {

HWY_EXPORT(turn);

Kernel Rotary::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const int64_t rows = in[0].shape[0], width = in[0].shape[1] / heads, count = in[1].shape[1] / 2;
  const bool interleaved = pairs == RotaryPairs::interleaved;
  const float sign = back ? -1 : 1;
  const auto run = FRUGAL_DISPATCH(turn);
  return {[=, heads = heads](const KernelArgs& args, Worker& worker) {
    for_each_row(worker, rows, heads * width, [&](int64_t r) {
      const float* angles = args.input<float>(1) + r * 2 * count;
      for (int64_t h = 0; h < heads; ++h) {
        const float* x = args.input<float>(0) + (r * heads + h) * width;
        float* y = args.output<float>(0) + (r * heads + h) * width;
        run(x, angles, angles + count, count, sign, interleaved, y);
        if (x != y) std::copy(x + 2 * count, x + width, y + 2 * count);
      }
    });
  }};
}

}  // namespace frugal
#endif

// Kernels of adamw and adamw_rows: one pass over parameters, gradients and both moments.
#include <cmath>

#include "frugal/ops/adamw.h"
#include "frugal/ops/rows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frugal/ops/adamw_cpu.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "frugal/ops/simd-inl.h"

#ifndef FRUGAL_ADAM_STEP
#define FRUGAL_ADAM_STEP
namespace frugal {

// The numbers of one step; formed in double as PyTorch does.
struct AdamStep {
  float decay, clip, rate1, keep2, rate2, root2, eps, step;
  AdamStep(const AdamWSettings& s, const float* hyper, float clip)
      : decay(static_cast<float>(1 - hyper[0] * s.weight_decay)),
        clip(clip),
        rate1(static_cast<float>(1 - s.beta1)),
        keep2(static_cast<float>(s.beta2)),
        rate2(static_cast<float>(1 - s.beta2)),
        root2(std::sqrt(hyper[2])),
        eps(static_cast<float>(s.eps)),
        step(hyper[0] / hyper[1]) {}
};

}  // namespace frugal
#endif

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {
namespace {

// grad == nullptr: a zero gradient. Division and square root hide behind seven streams of memory.
void adam(const AdamStep& s, float* param, const float* grad, float* m, float* v, int64_t n) {
  const FloatTag d;
  const Floats decay = hn::Set(d, s.decay), clip = hn::Set(d, s.clip), rate1 = hn::Set(d, s.rate1);
  const Floats keep2 = hn::Set(d, s.keep2), rate2 = hn::Set(d, s.rate2), root2 = hn::Set(d, s.root2);
  const Floats eps = hn::Set(d, s.eps), step = hn::Set(d, s.step);
  for_each_vector(0, n, [=](int64_t i, auto part) FRUGAL_LAMBDA {
    const Floats g = hn::Mul(grad ? part.load(grad + i) : hn::Zero(d), clip);
    const Floats old_m = part.load(m + i);
    const Floats new_m = hn::MulAdd(rate1, hn::Sub(g, old_m), old_m);
    const Floats new_v = hn::MulAdd(rate2, hn::Mul(g, g), hn::Mul(keep2, part.load(v + i)));
    const Floats divisor = hn::Add(hn::Div(hn::Sqrt(new_v), root2), eps);
    const Floats p = hn::Mul(part.load(param + i), decay);
    part.store(new_m, m + i);
    part.store(new_v, v + i);
    part.store(hn::NegMulAdd(step, hn::Div(new_m, divisor), p), param + i);
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace frugal {

HWY_EXPORT(adam);

Kernel AdamW::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const auto run = FRUGAL_DISPATCH(adam);
  return {[run, n = element_count(in[0].shape), settings = settings](const KernelArgs& args, Worker& worker) {
    const AdamStep step(settings, args.input<float>(4), *args.input<float>(5));
    float *param = args.updated<float>(0), *m = args.updated<float>(2), *v = args.updated<float>(3);
    const float* grad = args.input<float>(1);
    for_each_chunk(worker, n, [=](int64_t begin, int64_t end) {
      run(step, param + begin, grad + begin, m + begin, v + begin, end - begin);
    });
  }};
}

Kernel AdamWRows::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const auto run = FRUGAL_DISPATCH(adam);
  const int64_t vocabulary = in[0].shape[0], width = in[0].shape[1], count = in[3].shape[0];
  return {[=, settings = settings](const KernelArgs& args, Worker& worker) {
    const AdamStep step(settings, args.input<float>(6), *args.input<float>(7));
    float *param = args.updated<float>(0), *m = args.updated<float>(1), *v = args.updated<float>(2);
    const float* rows = args.input<float>(3);
    const int32_t* slots = args.input<int32_t>(4);
    uint8_t* active = args.updated<uint8_t>(5);
    int32_t* row_of = args.output<int32_t>(0);  // the row of `rows` that is a parameter row's gradient, or -1
    worker.single([&] {
      std::fill(row_of, row_of + vocabulary, -1);
      for (int64_t t = 0; t < count; ++t) {
        if (slots[t] < 0 || slots[t] >= vocabulary) continue;
        row_of[slots[t]] = static_cast<int32_t>(t);
        active[slots[t]] = 1;
      }
    });
    for_each_row(worker, vocabulary, width, [=](int64_t r) {
      float* row = param + r * width;
      if (active[r])
        run(step, row, row_of[r] < 0 ? nullptr : rows + row_of[r] * width, m + r * width, v + r * width,
            width);
      else if (settings.weight_decay != 0)
        for (int64_t j = 0; j < width; ++j) row[j] *= step.decay;
    });
  }};
}

}  // namespace frugal
#endif

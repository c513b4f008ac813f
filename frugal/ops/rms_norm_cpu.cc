// Kernels of rms_norm.
#include <cmath>

#include "frugal/ops/rms_norm.h"
#include "frugal/ops/row_sums.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frugal/ops/rms_norm_cpu.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "frugal/ops/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {
namespace {

void rms_row(const float* x, const float* gamma, float eps, int64_t width, float* y, float* rstd_out) {
  const float squares = sum_of(width, [=](int64_t j, auto part) FRUGAL_LAMBDA {
    const Floats value = part.load(x + j);
    return hn::Mul(value, value);
  });
  *rstd_out = 1 / std::sqrt(squares / static_cast<float>(width) + eps);
  const Floats rstd = hn::Set(FloatTag(), *rstd_out);
  for_each_vector(0, width, [=](int64_t j, auto part) FRUGAL_LAMBDA {
    part.store(hn::Mul(hn::Mul(part.load(x + j), rstd), part.load(gamma + j)), y + j);
  });
}

// With n = x rstd and g = dy gamma: dx = rstd (g - n mean(g n)). Adds this row's dy n to dgamma.
void rms_row_grad(const float* x, const float* gamma, const float* dy, float rstd, int64_t width, float* dx,
                  float* dgamma) {
  const FloatTag d;
  const Floats scale = hn::Set(d, rstd);
  const float sum_gx = sum_of(width, [=](int64_t j, auto part) FRUGAL_LAMBDA {
    return hn::Mul(hn::Mul(part.load(dy + j), part.load(gamma + j)), part.load(x + j));
  });
  const Floats mean_gn = hn::Set(d, sum_gx * rstd / static_cast<float>(width));
  for_each_vector(0, width, [=](int64_t j, auto part) FRUGAL_LAMBDA {
    const Floats normal = hn::Mul(part.load(x + j), scale), up = part.load(dy + j);
    const Floats g = hn::Mul(up, part.load(gamma + j));
    part.store(hn::MulAdd(up, normal, part.load(dgamma + j)), dgamma + j);
    part.store(hn::Mul(scale, hn::NegMulAdd(normal, mean_gn, g)), dx + j);
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace frugal {

HWY_EXPORT(rms_row);
HWY_EXPORT(rms_row_grad);

Kernel RmsNorm::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const auto run = FRUGAL_DISPATCH(rms_row);
  const int64_t rows = in[0].shape[0], width = in[0].shape[1];
  return {[run, rows, width, eps = eps](const KernelArgs& args, Worker& worker) {
    const float *x = args.input<float>(0), *gamma = args.input<float>(1);
    float *y = args.output<float>(0), *rstd = args.output<float>(1);
    for_each_row(worker, rows, width,
                 [=](int64_t t) { run(x + t * width, gamma, eps, width, y + t * width, rstd + t); });
  }};
}

Kernel RmsNormGrad::kernel(const Context&, std::span<const TensorType> in,
                           std::span<const TensorType>) const {
  const auto run = FRUGAL_DISPATCH(rms_row_grad);
  const int64_t rows = in[0].shape[0], width = in[0].shape[1];
  return {[run, rows, width](const KernelArgs& args, Worker& worker) {
    const float *x = args.input<float>(0), *gamma = args.input<float>(1), *dy = args.input<float>(2);
    const float* rstd = args.input<float>(3);
    float *dx = args.output<float>(0), *partials = args.output<float>(2);
    const int64_t blocks = sum_blocks(rows);
    worker.for_each(blocks, [=](int64_t block) {
      float* dgamma = partials + block * width;
      std::fill(dgamma, dgamma + width, 0.0f);
      for (int64_t t = block * kSumRows; t < std::min(rows, (block + 1) * kSumRows); ++t)
        run(x + t * width, gamma, dy + t * width, rstd[t], width, dx + t * width, dgamma);
    });
    add_blocks(worker, partials, blocks, width, width, args.output<float>(1));
  }};
}

}  // namespace frugal
#endif

// Kernels of layer_norm: a row stays in the first-level cache between its passes, so memory is read once.
#include <cmath>

#include "frugal/ops/layer_norm.h"
#include "frugal/ops/row_sums.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frugal/ops/layer_norm_cpu.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "frugal/ops/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {
namespace {

// The mean first, then the mean of squared distances from it: one pass with sum and sum of squares would
// lose all digits when the mean is large.
void normalize_row(const float* x, const float* gamma, const float* beta, float eps, int64_t width, float* y,
                   float* mean_out, float* rstd_out) {
  const FloatTag d;
  const float n = static_cast<float>(width);
  const float mean = sum_of(width, [=](int64_t j, auto part) FRUGAL_LAMBDA { return part.load(x + j); }) / n;
  const Floats center = hn::Set(d, mean);
  const float variance = sum_of(width,
                                [=](int64_t j, auto part) FRUGAL_LAMBDA {
                                  const Floats distance = hn::Sub(part.load(x + j), center);
                                  return hn::Mul(distance, distance);
                                }) /
                         n;
  *mean_out = mean;
  *rstd_out = 1 / std::sqrt(variance + eps);
  const Floats rstd = hn::Set(d, *rstd_out);
  for_each_vector(0, width, [=](int64_t j, auto part) FRUGAL_LAMBDA {
    const Floats normal = hn::Mul(hn::Sub(part.load(x + j), center), rstd);
    part.store(hn::MulAdd(normal, part.load(gamma + j), part.load(beta + j)), y + j);
  });
}

// With n = (x - mean) rstd and g = dy gamma: dx = rstd (g - mean(g) - n mean(g n)). Adds this row's dy n to
// dgamma and its dy to dbeta.
void normalize_row_grad(const float* x, const float* gamma, const float* dy, float mean, float rstd,
                        int64_t width, float* dx, float* dgamma, float* dbeta) {
  const FloatTag d;
  const Floats center = hn::Set(d, mean), scale = hn::Set(d, rstd);
  const float n = static_cast<float>(width);
  const float sum_g = sum_of(width, [=](int64_t j, auto part) FRUGAL_LAMBDA {
    return hn::Mul(part.load(dy + j), part.load(gamma + j));
  });
  const float sum_gx = sum_of(width, [=](int64_t j, auto part) FRUGAL_LAMBDA {
    const Floats g = hn::Mul(part.load(dy + j), part.load(gamma + j));
    return hn::Mul(g, hn::Sub(part.load(x + j), center));
  });
  const Floats mean_g = hn::Set(d, sum_g / n), mean_gn = hn::Set(d, sum_gx * rstd / n);
  for_each_vector(0, width, [=](int64_t j, auto part) FRUGAL_LAMBDA {
    const Floats normal = hn::Mul(hn::Sub(part.load(x + j), center), scale);
    const Floats up = part.load(dy + j);
    const Floats g = hn::MulSub(up, part.load(gamma + j), mean_g);
    part.store(hn::MulAdd(up, normal, part.load(dgamma + j)), dgamma + j);
    part.store(hn::Add(up, part.load(dbeta + j)), dbeta + j);
    part.store(hn::Mul(scale, hn::NegMulAdd(normal, mean_gn, g)), dx + j);
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace frugal {

HWY_EXPORT(normalize_row);
HWY_EXPORT(normalize_row_grad);

Kernel LayerNorm::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const auto run = FRUGAL_DISPATCH(normalize_row);
  const int64_t rows = in[0].shape[0], width = in[0].shape[1];
  return {[run, rows, width, eps = eps](const KernelArgs& args, Worker& worker) {
    const float *x = args.input<float>(0), *gamma = args.input<float>(1), *beta = args.input<float>(2);
    float *y = args.output<float>(0), *mean = args.output<float>(1), *rstd = args.output<float>(2);
    for_each_row(worker, rows, width, [=](int64_t t) {
      run(x + t * width, gamma, beta, eps, width, y + t * width, mean + t, rstd + t);
    });
  }};
}

Kernel LayerNormGrad::kernel(const Context&, std::span<const TensorType> in,
                             std::span<const TensorType>) const {
  const auto run = FRUGAL_DISPATCH(normalize_row_grad);
  const int64_t rows = in[0].shape[0], width = in[0].shape[1];
  return {[run, rows, width](const KernelArgs& args, Worker& worker) {
    const float *x = args.input<float>(0), *gamma = args.input<float>(1), *dy = args.input<float>(2);
    const float *mean = args.input<float>(3), *rstd = args.input<float>(4);
    float *dx = args.output<float>(0), *partials = args.output<float>(3);
    const int64_t blocks = sum_blocks(rows);
    worker.for_each(blocks, [=](int64_t block) {
      float *dgamma = partials + block * 2 * width, *dbeta = dgamma + width;
      std::fill(dgamma, dgamma + 2 * width, 0.0f);
      for (int64_t t = block * kSumRows; t < std::min(rows, (block + 1) * kSumRows); ++t)
        run(x + t * width, gamma, dy + t * width, mean[t], rstd[t], width, dx + t * width, dgamma, dbeta);
    });
    add_blocks(worker, partials, blocks, 2 * width, width, args.output<float>(1));
    add_blocks(worker, partials + width, blocks, 2 * width, width, args.output<float>(2));
  }};
}

}  // namespace frugal
#endif

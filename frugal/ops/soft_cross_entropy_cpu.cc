// Kernels of soft_cross_entropy.
#include "frugal/ops/row_sums.h"
#include "frugal/ops/soft_cross_entropy.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frugal/ops/soft_cross_entropy_cpu.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "frugal/ops/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {
namespace {

// sum of p (log p - log q) for p = softmax(f t), q = softmax(f s), f = 1 / T; log p = f t - lse.
void divergence(const float* s, const float* t, int64_t classes, float factor, float* lse, float* loss) {
  const FloatTag d;
  lse[0] = log_sum_exp(s, classes, factor);
  lse[1] = log_sum_exp(t, classes, factor);
  const Floats f = hn::Set(d, factor), lse_t = hn::Set(d, lse[1]), shift = hn::Set(d, lse[0] - lse[1]);
  *loss = sum_of(classes, [=](int64_t j, auto part) FRUGAL_LAMBDA {
    const Floats teacher = part.load(t + j);
    const Floats p = Exp(d, hn::MulSub(teacher, f, lse_t));
    return hn::Mul(p, hn::MulAdd(hn::Sub(teacher, part.load(s + j)), f, shift));
  });
}

// ds = weight (q - p)
void divergence_grad(const float* s, const float* t, int64_t classes, float factor, const float* lse,
                     float weight, float* ds) {
  const FloatTag d;
  const Floats f = hn::Set(d, factor), w = hn::Set(d, weight);
  const Floats lse_s = hn::Set(d, lse[0]), lse_t = hn::Set(d, lse[1]);
  for_each_vector(0, classes, [=](int64_t j, auto part) FRUGAL_LAMBDA {
    const Floats q = Exp(d, hn::MulSub(part.load(s + j), f, lse_s));
    const Floats p = Exp(d, hn::MulSub(part.load(t + j), f, lse_t));
    part.store(hn::Mul(w, hn::Sub(q, p)), ds + j);
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace frugal {

HWY_EXPORT(divergence);
HWY_EXPORT(divergence_grad);

Kernel SoftCrossEntropy::kernel(const Context&, std::span<const TensorType> in,
                                std::span<const TensorType>) const {
  const auto run = FRUGAL_DISPATCH(divergence);
  const int64_t rows = in[0].shape[0], classes = in[0].shape[1];
  return {[run, rows, classes, temperature = temperature](const KernelArgs& args, Worker& worker) {
    const float *student = args.input<float>(0), *teacher = args.input<float>(1);
    const float* weights = args.input<float>(2);
    float *lse = args.output<float>(1), *losses = args.output<float>(2);
    for_each_row(worker, rows, classes, [=](int64_t i) {
      run(student + i * classes, teacher + i * classes, classes, 1 / temperature, lse + 2 * i, losses + i);
    });
    worker.single(
        [&] { *args.output<float>(0) = temperature * temperature * weighted_mean(losses, weights, rows); });
  }};
}

// The loss has T^2, the derivative of x / T has 1 / T: one T is left.
Kernel SoftCrossEntropyGrad::kernel(const Context&, std::span<const TensorType> in,
                                    std::span<const TensorType>) const {
  const auto run = FRUGAL_DISPATCH(divergence_grad);
  const int64_t rows = in[0].shape[0], classes = in[0].shape[1];
  return {[run, rows, classes, temperature = temperature](const KernelArgs& args, Worker& worker) {
    const float *student = args.input<float>(0), *teacher = args.input<float>(1);
    const float *weights = args.input<float>(2), *lse = args.input<float>(3);
    float* out = args.output<float>(0);
    const double weight = total(weights, rows);
    const float factor = weight == 0 ? 0 : static_cast<float>(*args.input<float>(4) * temperature / weight);
    for_each_row(worker, rows, classes, [=](int64_t i) {
      run(student + i * classes, teacher + i * classes, classes, 1 / temperature, lse + 2 * i,
          factor * weights[i], out + i * classes);
    });
  }};
}

}  // namespace frugal
#endif

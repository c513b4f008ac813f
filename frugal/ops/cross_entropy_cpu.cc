// Kernels of cross_entropy; a row of 31,000 logits stays in the second-level cache between its passes.
#include "frugal/ops/cross_entropy.h"
#include "frugal/ops/row_sums.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frugal/ops/cross_entropy_cpu.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "frugal/ops/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {
namespace {

// -log softmax(x)[label], smoothed: lse - (1 - e) x[label] - e mean(x).
void row_loss(const float* x, int64_t classes, int32_t label, float smoothing, float* lse, float* loss) {
  *lse = log_sum_exp(x, classes, 1);
  *loss = *lse - (1 - smoothing) * x[label];
  if (smoothing > 0)
    *loss -= smoothing / static_cast<float>(classes) *
             sum_of(classes, [=](int64_t j, auto part) FRUGAL_LAMBDA { return part.load(x + j); });
}

// dx = weight (softmax(x) - (1 - e) onehot(label) - e / C)
void row_grad(const float* x, int64_t classes, int32_t label, float smoothing, float lse, float weight,
              float* dx) {
  const FloatTag d;
  const Floats log_sum = hn::Set(d, lse), scale = hn::Set(d, weight);
  const Floats floor = hn::Set(d, smoothing / static_cast<float>(classes));
  for_each_vector(0, classes, [=](int64_t j, auto part) FRUGAL_LAMBDA {
    const Floats p = Exp(d, hn::Sub(part.load(x + j), log_sum));
    part.store(hn::Mul(scale, hn::Sub(p, floor)), dx + j);
  });
  dx[label] -= weight * (1 - smoothing);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace frugal {
namespace {

bool valid(int32_t label, int64_t classes) { return label >= 0 && label < classes; }

// Each thread counts for itself: cheaper than telling the others.
int64_t count_valid(const int32_t* labels, int64_t rows, int64_t classes) {
  return std::count_if(labels, labels + rows, [=](int32_t label) { return valid(label, classes); });
}

}  // namespace

HWY_EXPORT(row_loss);
HWY_EXPORT(row_grad);

Kernel CrossEntropy::kernel(const Context&, std::span<const TensorType> in,
                            std::span<const TensorType>) const {
  const auto run = FRUGAL_DISPATCH(row_loss);
  const int64_t rows = in[0].shape[0], classes = in[0].shape[1];
  return {[run, rows, classes, smoothing = smoothing](const KernelArgs& args, Worker& worker) {
    const float* logits = args.input<float>(0);
    const int32_t* labels = args.input<int32_t>(1);
    float *lse = args.output<float>(1), *losses = args.output<float>(2);
    for_each_row(worker, rows, classes, [=](int64_t i) {
      lse[i] = losses[i] = 0;
      if (valid(labels[i], classes))
        run(logits + i * classes, classes, labels[i], smoothing, lse + i, losses + i);
    });
    worker.single([&] {
      const auto count = static_cast<double>(count_valid(labels, rows, classes));
      *args.output<float>(0) = count > 0 ? static_cast<float>(total(losses, rows) / count) : 0;
    });
  }};
}

Kernel CrossEntropyGrad::kernel(const Context&, std::span<const TensorType> in,
                                std::span<const TensorType>) const {
  const auto run = FRUGAL_DISPATCH(row_grad);
  const int64_t rows = in[0].shape[0], classes = in[0].shape[1];
  return {[run, rows, classes, smoothing = smoothing](const KernelArgs& args, Worker& worker) {
    const float *logits = args.input<float>(0), *lse = args.input<float>(2);
    const int32_t* labels = args.input<int32_t>(1);
    float* dlogits = args.output<float>(0);
    const int64_t count = std::max<int64_t>(1, count_valid(labels, rows, classes));
    const float weight = *args.input<float>(3) / static_cast<float>(count);
    for_each_row(worker, rows, classes, [=](int64_t i) {
      float* row = dlogits + i * classes;
      if (valid(labels[i], classes))
        run(logits + i * classes, classes, labels[i], smoothing, lse[i], weight, row);
      else
        std::fill(row, row + classes, 0.0f);
    });
  }};
}

}  // namespace frugal
#endif

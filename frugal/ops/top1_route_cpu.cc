// Kernels of top1_route.
#include <algorithm>

#include "frugal/ops/rows.h"
#include "frugal/ops/top1_route.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frugal/ops/top1_route_cpu.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "frugal/ops/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {
namespace {

// The first of the largest logits, and its softmax: 1 / sum of exp(x - largest).
void choose(const float* x, int64_t experts, float* probability, int32_t* expert) {
  const FloatTag d;
  const float max = max_of(experts, [=](int64_t j, auto part) FRUGAL_LAMBDA { return part.load(x + j); });
  const Floats top = hn::Set(d, max);
  *probability = 1 / sum_of(experts, [=](int64_t j, auto part)
                                         FRUGAL_LAMBDA { return Exp(d, hn::Sub(part.load(x + j), top)); });
  const int64_t first = std::find(x, x + experts, max) - x;
  *expert =
      first < experts ? static_cast<int32_t>(first) : 0;  // NaN among the logits: the probability says so
}

// p_j = p_chosen exp(x_j - x_chosen), so dx_j = dp p_chosen ([j is chosen] - p_j).
void choose_grad(const float* x, int64_t experts, float probability, int32_t expert, float dp, float* dx) {
  const FloatTag d;
  const Floats top = hn::Set(d, x[expert]), p = hn::Set(d, probability),
               factor = hn::Set(d, -dp * probability);
  for_each_vector(0, experts, [=](int64_t j, auto part) FRUGAL_LAMBDA {
    part.store(hn::Mul(factor, hn::Mul(p, Exp(d, hn::Sub(part.load(x + j), top)))), dx + j);
  });
  dx[expert] += dp * probability;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace frugal {
namespace {

// Gives out places sequence by sequence. `taken` and `total` hold one count for each expert. One thread: two
// passes of a few nanoseconds a row.
struct Dispatch {
  const int32_t *offsets, *expert;
  int64_t rows, experts, sequences, capacity;

  void run(int32_t* slot, int32_t* order, int32_t* bounds, int32_t* taken, int32_t* total) const {
    std::fill(slot, slot + rows, -1);
    std::fill(order, order + rows, -1);
    std::fill(total, total + experts, 0);
    for (int64_t s = 0; s < sequences; ++s) {
      for (int32_t t = offsets[s]; t < offsets[s + 1]; ++t) taken[expert[t]] = 0;
      for (int32_t t = offsets[s]; t < offsets[s + 1]; ++t)
        if (taken[expert[t]]++ < capacity) slot[t] = total[expert[t]]++;  // within the expert, for now
    }
    bounds[0] = 0;
    for (int64_t e = 0; e < experts; ++e) bounds[e + 1] = bounds[e] + total[e];
    for (int32_t t = offsets[0]; t < offsets[sequences]; ++t)
      if (slot[t] >= 0) order[slot[t] += bounds[expert[t]]] = t;
  }
};

}  // namespace

HWY_EXPORT(choose);
HWY_EXPORT(choose_grad);

Kernel Top1Route::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const auto run = FRUGAL_DISPATCH(choose);
  const int64_t rows = in[0].shape[0], experts = in[0].shape[1], sequences = in[1].shape[0] - 1;
  const auto kernel = [=, capacity = capacity](const KernelArgs& args, Worker& worker) {
    const float* logits = args.input<float>(0);
    const int32_t* offsets = args.input<int32_t>(1);
    float* probability = args.output<float>(0);
    int32_t* expert = args.output<int32_t>(1);
    for_each_row(worker, rows, experts, [=](int64_t t) {
      probability[t] = 0;
      expert[t] = -1;
      if (t >= offsets[0] && t < offsets[sequences])
        run(logits + t * experts, experts, probability + t, expert + t);
    });
    worker.single([&] {
      auto* counts = reinterpret_cast<int32_t*>(worker.scratch().data());
      Dispatch{offsets, expert, rows, experts, sequences, capacity}.run(
          args.output<int32_t>(2), args.output<int32_t>(3), args.output<int32_t>(4), counts,
          counts + experts);
    });
  };
  return {kernel, static_cast<size_t>(2 * experts) * sizeof(int32_t)};
}

Kernel Top1RouteGrad::kernel(const Context&, std::span<const TensorType> in,
                             std::span<const TensorType>) const {
  const auto run = FRUGAL_DISPATCH(choose_grad);
  const int64_t rows = in[0].shape[0], experts = in[0].shape[1];
  return {[=](const KernelArgs& args, Worker& worker) {
    const float *logits = args.input<float>(0), *probability = args.input<float>(1);
    const int32_t* expert = args.input<int32_t>(2);
    const float* dp = args.input<float>(3);
    float* dlogits = args.output<float>(0);
    for_each_row(worker, rows, experts, [=](int64_t t) {
      float* dx = dlogits + t * experts;
      if (expert[t] < 0)
        std::fill(dx, dx + experts, 0.0f);
      else
        run(logits + t * experts, experts, probability[t], expert[t], dp[t], dx);
    });
  }};
}

}  // namespace frugal
#endif

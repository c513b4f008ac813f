// Kernels of router_loss: a sequence is one item, its tokens are added in order.
#include <algorithm>

#include "frugal/ops/router_loss.h"
#include "frugal/ops/row_sums.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frugal/ops/router_loss_cpu.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "frugal/ops/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {
namespace {

// Adds softmax(x) to `sum` and 1 to the chosen expert's share; returns lse^2.
float count_row(const float* x, int64_t experts, float* share, float* sum) {
  const FloatTag d;
  const float lse = log_sum_exp(x, experts, 1);
  const Floats log_sum = hn::Set(d, lse);
  for_each_vector(0, experts, [=](int64_t j, auto part) FRUGAL_LAMBDA {
    part.store(hn::Add(part.load(sum + j), Exp(d, hn::Sub(part.load(x + j), log_sum))), sum + j);
  });
  share[std::max_element(x, x + experts) - x] += 1;
  return lse * lse;
}

// dx_j = p_j (balance (f_j - sum_e f_e p_e) + 2 z lse)
void count_row_grad(const float* x, int64_t experts, const float* share, float balance, float z, float* dx) {
  const FloatTag d;
  const float lse = log_sum_exp(x, experts, 1);
  const Floats log_sum = hn::Set(d, lse);
  const auto softmax = [=](int64_t j, auto part)
                           FRUGAL_LAMBDA { return Exp(d, hn::Sub(part.load(x + j), log_sum)); };
  const float mean = sum_of(experts, [=](int64_t j, auto part) FRUGAL_LAMBDA {
    return hn::Mul(part.load(share + j), softmax(j, part));
  });
  const Floats factor = hn::Set(d, balance), rest = hn::Set(d, 2 * z * lse - balance * mean);
  for_each_vector(0, experts, [=](int64_t j, auto part) FRUGAL_LAMBDA {
    part.store(hn::Mul(softmax(j, part), hn::MulAdd(factor, part.load(share + j), rest)), dx + j);
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace frugal {
namespace {

// What the two means divide by.
struct Counts {
  Counts(const int32_t* offsets, int64_t sequences, int64_t layers) {
    for (int64_t s = 0; s < sequences; ++s) filled += offsets[s + 1] > offsets[s];
    tokens = layers * (offsets[sequences] - offsets[0]);
  }
  int64_t filled = 0;  // sequences with a token
  int64_t tokens = 0;  // in all layers
};

}  // namespace

HWY_EXPORT(count_row);
HWY_EXPORT(count_row_grad);

Kernel RouterLoss::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const auto run = FRUGAL_DISPATCH(count_row);
  const int64_t sequences = in[0].shape[0] - 1, experts = in[1].shape[1];
  const auto layers = static_cast<int64_t>(in.size()) - 1;
  return {[=, weights = weights](const KernelArgs& args, Worker& worker) {
    const int32_t* offsets = args.input<int32_t>(0);
    float *shares = args.output<float>(1), *workspace = args.output<float>(2);
    float *balances = workspace + sequences * experts, *squares = balances + sequences;
    worker.for_each(sequences, [&](int64_t s) {
      float *share = shares + s * experts, *mean = workspace + s * experts;
      std::fill(share, share + experts, 0.0f);
      std::fill(mean, mean + experts, 0.0f);
      double square = 0, balance = 0;
      for (int64_t layer = 0; layer < layers; ++layer)
        for (int64_t t = offsets[s]; t < offsets[s + 1]; ++t)
          square += run(args.input<float>(layer + 1) + t * experts, experts, share, mean);
      const double count = static_cast<double>(layers) * std::max(1, offsets[s + 1] - offsets[s]);
      for (int64_t e = 0; e < experts; ++e) {
        share[e] = static_cast<float>(share[e] / count);
        balance += double{share[e]} * mean[e] / count;
      }
      balances[s] = static_cast<float>(balance);
      squares[s] = static_cast<float>(square);
    });
    worker.single([&] {
      const Counts counts(offsets, sequences, layers);
      if (counts.filled == 0) {
        *args.output<float>(0) = 0;
        return;
      }
      *args.output<float>(0) = static_cast<float>(
          double{weights.balance} * static_cast<double>(experts) * total(balances, sequences) /
              static_cast<double>(counts.filled) +
          double{weights.z} * total(squares, sequences) / static_cast<double>(counts.tokens));
    });
  }};
}

Kernel RouterLossGrad::kernel(const Context&, std::span<const TensorType> in,
                              std::span<const TensorType>) const {
  const auto run = FRUGAL_DISPATCH(count_row_grad);
  const int64_t rows = in[0].shape[0], experts = in[0].shape[1], sequences = in[1].shape[0] - 1;
  return {[=, weights = weights, layers = layers](const KernelArgs& args, Worker& worker) {
    const float *logits = args.input<float>(0), *shares = args.input<float>(2);
    const int32_t* offsets = args.input<int32_t>(1);
    const double dloss = *args.input<float>(3);
    float* dlogits = args.output<float>(0);
    const Counts counts(offsets, sequences, layers);
    worker.for_each(sequences + 1, [&](int64_t s) {
      if (s == sequences) {  // the rows before the first and after the last sequence
        std::fill(dlogits, dlogits + offsets[0] * experts, 0.0f);
        std::fill(dlogits + offsets[sequences] * experts, dlogits + rows * experts, 0.0f);
        return;
      }
      const int64_t length = std::max(1, offsets[s + 1] - offsets[s]);
      const auto balance = static_cast<float>(dloss * weights.balance * static_cast<double>(experts) /
                                              static_cast<double>(std::max<int64_t>(1, counts.filled)) /
                                              static_cast<double>(layers * length));
      const auto z =
          static_cast<float>(dloss * weights.z / static_cast<double>(std::max<int64_t>(1, counts.tokens)));
      for (int64_t t = offsets[s]; t < offsets[s + 1]; ++t)
        run(logits + t * experts, experts, shares + s * experts, balance, z, dlogits + t * experts);
    });
  }};
}

}  // namespace frugal
#endif

// Kernels of unary and unary_grad: one pass, one vector function per activation.
#include "frugal/ops/rows.h"
#include "frugal/ops/unary.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frugal/ops/unary_cpu.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "frugal/ops/math-inl.h"
#include "frugal/ops/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {
namespace {

// The activation is a template argument: the choice is made once a chunk, not once a vector.
struct Forward {
  const float* x;
  float* y;
  int64_t n;
  template <Activation f>
  void operator()() const {
    for_each_vector(0, n, [this](int64_t i, auto part) FRUGAL_LAMBDA {
      part.store(ActivateAs<f>(FloatTag(), part.load(x + i)), y + i);
    });
  }
};

struct Backward {
  const float *x, *dy;
  float* dx;
  int64_t n;
  template <Activation f>
  void operator()() const {
    for_each_vector(0, n, [this](int64_t i, auto part) FRUGAL_LAMBDA {
      const Floats slope = ActivateGradAs<f>(FloatTag(), part.load(x + i));
      part.store(hn::Mul(part.load(dy + i), slope), dx + i);
    });
  }
};

void apply(Activation f, const float* x, float* y, int64_t n) { WithActivation(f, Forward{x, y, n}); }
void apply_grad(Activation f, const float* x, const float* dy, float* dx, int64_t n) {
  WithActivation(f, Backward{x, dy, dx, n});
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace frugal {

HWY_EXPORT(apply);
HWY_EXPORT(apply_grad);

Kernel Unary::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const auto run = FRUGAL_DISPATCH(apply);
  return {[run, f = f, n = element_count(in[0].shape)](const KernelArgs& args, Worker& worker) {
    const float* x = args.input<float>(0);
    float* y = args.output<float>(0);
    for_each_chunk(worker, n, [=](int64_t begin, int64_t end) { run(f, x + begin, y + begin, end - begin); });
  }};
}

Kernel UnaryGrad::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const auto run = FRUGAL_DISPATCH(apply_grad);
  return {[run, f = f, n = element_count(in[0].shape)](const KernelArgs& args, Worker& worker) {
    const float *x = args.input<float>(0), *dy = args.input<float>(1);
    float* dx = args.output<float>(0);
    for_each_chunk(worker, n, [=](int64_t begin, int64_t end) {
      run(f, x + begin, dy + begin, dx + begin, end - begin);
    });
  }};
}

}  // namespace frugal
#endif

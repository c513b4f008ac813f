// Kernel of sum_squares.
#include "frugal/ops/sum_squares.h"

#include "frugal/ops/row_sums.h"
#include "frugal/ops/sum_squares_blocks.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frugal/ops/sum_squares_cpu.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "frugal/ops/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {
namespace {

float squares(const float* x, int64_t n) {
  return sum_of(n, [=](int64_t i, auto part) FRUGAL_LAMBDA {
    const Floats value = part.load(x + i);
    return hn::Mul(value, value);
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace frugal {

HWY_EXPORT(squares);

Kernel SumSquares::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  const auto run = FRUGAL_DISPATCH(squares);
  return {[run, blocks = square_blocks(in)](const KernelArgs& args, Worker& worker) {
    float* sums = args.output<float>(1);
    const auto count = static_cast<int64_t>(blocks.size());
    worker.for_each(count, [&](int64_t i) {
      const SquareBlock& block = blocks[i];
      sums[i] = run(args.input<float>(block.input) + block.begin, block.count);
    });
    worker.single([&] { *args.output<float>(0) = static_cast<float>(total(sums, count)); });
  }};
}

}  // namespace frugal
#endif

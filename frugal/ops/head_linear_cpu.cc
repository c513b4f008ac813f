// Kernels of products head by head: an item is one head, or a few rows of its outer product.
#include <algorithm>

#include "frugal/base/checked.h"
#include "frugal/ops/head_linear.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frugal/ops/head_linear_cpu.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "frugal/ops/attention_block-inl.h"

#ifndef FRUGAL_OPS_HEAD_PRODUCT
#define FRUGAL_OPS_HEAD_PRODUCT
namespace frugal {

// c[rows, columns] = a b over `terms`, of matrices that lie inside wider ones.
struct HeadProduct {
  Strided<const float> a, b;
  Strided<float> c;
  int64_t rows, terms, columns;
};

}  // namespace frugal
#endif

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {
namespace head_simd {

using namespace attention_simd;  // NOLINT: the pieces of attention's kernels

HWY_ATTR void multiply_head(const HeadProduct& p) {
  product<ReadA::by_row>({p.a.data, p.a.stride, p.b.data, p.b.stride, p.c.data, p.c.stride, p.terms, false},
                         p.rows, p.columns);
}

// a^T b: term k is row k of both.
HWY_ATTR void multiply_head_outer(const HeadProduct& p) {
  product<ReadA::by_term>({p.a.data, p.a.stride, p.b.data, p.b.stride, p.c.data, p.c.stride, p.terms, false},
                          p.rows, p.columns);
}

// a b^T (+ bias): b's rows become columns in the scratch first.
HWY_ATTR void multiply_head_t(const HeadProduct& p, const float* bias, float* scratch) {
  const int64_t lanes = round_up(p.columns, kLanes);
  transpose(p.b, p.columns, p.terms, 1.0f, scratch, lanes);
  product<ReadA::by_row>({p.a.data, p.a.stride, scratch, lanes, p.c.data, p.c.stride, p.terms, false}, p.rows,
                         p.columns);
  if (!bias) return;
  for (int64_t i = 0; i < p.rows; ++i) {
    float* row = p.c.row(i);
    for_each_vector(0, p.columns, [=](int64_t j, auto part) FRUGAL_LAMBDA {
      part.store(hn::Add(part.load(row + j), part.load(bias + j)), row + j);
    });
  }
}

}  // namespace head_simd

using head_simd::multiply_head;
using head_simd::multiply_head_outer;
using head_simd::multiply_head_t;

}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace frugal {

HWY_EXPORT(multiply_head);
HWY_EXPORT(multiply_head_outer);
HWY_EXPORT(multiply_head_t);

namespace {
constexpr int64_t kMostLanes = 16;
constexpr int64_t kOuterRows = 24;  // of an item: whole tiles of every instruction set
}  // namespace

Kernel HeadLinear::kernel(const Context&, std::span<const TensorType> in,
                          std::span<const TensorType> out) const {
  const int64_t rows = in[0].shape[0], terms = in[0].shape[1] / heads, columns = out[0].shape[1] / heads;
  const int64_t x_stride = in[0].shape[1], w_columns = in[1].shape[1], w_rows = in[1].shape[0] / heads;
  const auto plain = FRUGAL_DISPATCH(multiply_head);
  const auto turned = FRUGAL_DISPATCH(multiply_head_t);
  const auto run = [=, heads = heads, transposed = transposed](const KernelArgs& args, Worker& worker) {
    worker.for_each(heads, [&](int64_t h) {
      const HeadProduct product{{args.input<float>(0) + h * terms, x_stride},
                                {args.input<float>(1) + h * w_rows * w_columns, w_columns},
                                {args.output<float>(0) + h * columns, heads * columns},
                                rows,
                                terms,
                                columns};
      if (!transposed) return plain(product);
      const float* bias = args.input<float>(2);
      turned(product, bias ? bias + h * columns : nullptr, reinterpret_cast<float*>(worker.scratch().data()));
    });
  };
  const int64_t scratch = transposed ? terms * round_up(columns, kMostLanes) : 0;
  return {run, static_cast<size_t>(scratch) * sizeof(float)};
}

Kernel HeadOuter::kernel(const Context&, std::span<const TensorType> in,
                         std::span<const TensorType> out) const {
  const int64_t rows = in[0].shape[0], width = in[0].shape[1] / heads, columns = out[0].shape[1];
  const int64_t blocks = ceil_div(width, kOuterRows);
  const auto outer = FRUGAL_DISPATCH(multiply_head_outer);
  return {[=, heads = heads](const KernelArgs& args, Worker& worker) {
    worker.for_each(heads * blocks, [&](int64_t item) {
      const int64_t h = item / blocks, first = item % blocks * kOuterRows;
      outer({{args.input<float>(0) + h * width + first, heads * width},
             {args.input<float>(1) + h * columns, heads * columns},
             {args.output<float>(0) + (h * width + first) * columns, columns},
             std::min(kOuterRows, width - first),
             rows,
             columns});
    });
  }};
}

}  // namespace frugal
#endif

#include "frugal/ops/gemm/gemm.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "frugal/ops/gemm/block.h"
#include "frugal/ops/gemm/kernel.h"
#include "frugal/ops/gemm/pack.h"
#include "frugal/ops/gemm/plan.h"
#include "frugal/ops/gemm/prepare.h"

namespace frugal {
namespace {

using namespace gemm_internal;

Kernel kernel_for(Precision precision, Isa isa) {
  switch (precision) {
    case Precision::f32:
      break;
    case Precision::bf16:
      return bf16_kernel(isa);
    case Precision::s8:
      return s8_kernel(isa);
  }
  return f32_kernel();
}

}  // namespace

std::string_view name_of(Precision precision) {
  switch (precision) {
    case Precision::f32:
      return "f32";
    case Precision::bf16:
      return "bf16";
    case Precision::s8:
      return "s8";
  }
  return "f32";
}

size_t packed_bytes(Precision precision, Isa isa, int64_t k, int64_t n) {
  const Kernel kernel = kernel_for(precision, isa);
  return header_bytes(precision, kernel, n) + kernel.panels(n) * kernel.panel_bytes(k);
}

void pack_b(Precision precision, Isa isa, MatrixView b, int64_t k, int64_t n, void* packed, Worker& worker) {
  assert(precision != Precision::s8);
  const Kernel kernel = kernel_for(precision, isa);
  worker.for_each(kernel.panels(n), [&](int64_t panel) {
    std::byte* to = static_cast<std::byte*>(packed) + panel * kernel.panel_bytes(k);
    if (precision == Precision::f32)
      pack_panel_f32(kernel, b, k, n, panel, reinterpret_cast<float*>(to));
    else
      pack_panel_bf16(kernel, b, k, n, panel, to);
  });
}

void pack_b_s8(Isa isa, ByteView w, const float* scales, int64_t k, int64_t n, void* packed, Worker& worker) {
  assert(k <= kMostDepthS8);
  const Kernel kernel = s8_kernel(isa);
  const int64_t padded = kernel.panels(n) * kernel.cols;
  float* packed_scales = static_cast<float*>(packed);
  int32_t* sums = reinterpret_cast<int32_t*>(packed_scales + padded);
  auto* panels = static_cast<int8_t*>(packed) + header_bytes(Precision::s8, kernel, n);
  worker.for_each(kernel.panels(n), [&](int64_t panel) {
    for (int64_t j = panel * kernel.cols; j < (panel + 1) * kernel.cols; ++j)
      packed_scales[j] = j < n ? scales[j] : 0.0f;
    pack_panel_s8(kernel, w, k, n, panel, panels + panel * kernel.panel_bytes(k), sums + panel * kernel.cols);
  });
}

size_t gemm_scratch_bytes(Precision precision, Isa isa, int64_t m, int64_t n, int64_t k) {
  return make_plan(precision, kernel_for(precision, isa), m, n, k, true).scratch_bytes();
}

void gemm(Precision precision, Isa isa, MatrixView a, const void* packed_b, int64_t m, int64_t n, int64_t k,
          float* c, int64_t ldc, const Epilogue& epilogue, Worker& worker) {
  const Product product{packed_b, c, epilogue};
  gemm_shared(precision, isa, a, {&product, 1}, m, n, k, ldc, worker);
}

void gemm_shared(Precision precision, Isa isa, MatrixView a, std::span<const Product> products, int64_t m,
                 int64_t n, int64_t k, int64_t ldc, Worker& worker) {
  const Kernel kernel = kernel_for(precision, isa);
  const Plan plan = make_plan(precision, kernel, m, n, k, !reads_in_place(precision, a));
  assert(worker.scratch().size() >= plan.scratch_bytes());
  Block block(precision, kernel, plan, a, m, n, k, ldc, worker.scratch().data());
  const auto count = static_cast<int64_t>(products.size()), each = plan.items();
  kernel.enter();
  // Blocks of rows are outermost where a thread prepares them; else products are.
  worker.for_each(count * each, [&](int64_t item) {
    const int64_t row_block = item / (count * plan.col_blocks), rest = item % (count * plan.col_blocks);
    const int64_t which = plan.down_first ? item / each : rest / plan.col_blocks;
    block.run(products[which],
              plan.down_first ? item % each : row_block * plan.col_blocks + rest % plan.col_blocks);
  });
  kernel.leave();
}

}  // namespace frugal

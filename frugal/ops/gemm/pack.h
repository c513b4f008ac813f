// One panel of packed B; the layout is in kernel.h.
#pragma once

#include <cstdint>

#include "frugal/ops/gemm/gemm.h"
#include "frugal/ops/gemm/kernel.h"

namespace frugal::gemm_internal {

void pack_panel_f32(const Kernel& kernel, MatrixView b, int64_t k, int64_t n, int64_t panel, float* to);
void pack_panel_bf16(const Kernel& kernel, MatrixView b, int64_t k, int64_t n, int64_t panel, void* to);
// Also the sum of each of the panel's columns.
void pack_panel_s8(const Kernel& kernel, ByteView w, int64_t k, int64_t n, int64_t panel, int8_t* to,
                   int32_t* sums);

}  // namespace frugal::gemm_internal

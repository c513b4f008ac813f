// The x86 micro-kernels, one file an instruction set; x86.cc chooses.
#pragma once

#include "frugal/ops/gemm/kernel.h"

namespace frugal::gemm_internal {

Kernel s8_avx2_kernel();
Kernel s8_vnni_kernel();
Kernel s8_amx_kernel();
Kernel bf16_avx512_kernel();
Kernel bf16_amx_kernel();
void run_vnni(const Tile& tile);  // up to 12 rows, panels of 32 columns

}  // namespace frugal::gemm_internal

// Processors without our x86 kernels: no bf16, portable integers.
#if !defined(__x86_64__)
#include "frugal/ops/gemm/gemm.h"
#include "frugal/ops/gemm/kernel.h"

namespace frugal {

bool has_bf16(Isa) { return false; }
bool has_fast_bf16(Isa) { return false; }

namespace gemm_internal {
Kernel bf16_kernel(Isa) { return f32_kernel(); }
Kernel s8_kernel(Isa) { return s8_scalar_kernel(); }
void to_bf16(const float*, int64_t, uint16_t*, int64_t) {}
void to_bf16_transposed(const float*, int64_t, int64_t, int64_t, int64_t, std::byte*, int64_t) {}
void pack_panel_bf16_x86(MatrixView, int64_t, int64_t, int64_t, void*, int64_t) {}
}  // namespace gemm_internal

}  // namespace frugal
#endif

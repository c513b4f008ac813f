#if defined(__x86_64__)
#include "frugal/ops/gemm/x86.h"

#include "frugal/ops/gemm/gemm.h"

namespace frugal {

bool has_bf16(Isa isa) { return isa == Isa::amx || (isa >= Isa::avx512 && has_avx512_bf16()); }
bool has_fast_bf16(Isa isa) {
  return isa == Isa::amx || (isa >= Isa::avx512 && has_avx512_bf16() && __builtin_cpu_is("amd"));
}

namespace gemm_internal {

Kernel bf16_kernel(Isa isa) { return isa == Isa::amx ? bf16_amx_kernel() : bf16_avx512_kernel(); }

Kernel s8_kernel(Isa isa) {
  switch (isa) {
    case Isa::generic:
      break;
    case Isa::avx2:
      return s8_avx2_kernel();
    case Isa::avx512:
    case Isa::avx512_fp16:
      return s8_vnni_kernel();
    case Isa::amx:
      return s8_amx_kernel();
  }
  return s8_scalar_kernel();
}

}  // namespace gemm_internal
}  // namespace frugal
#endif

// Loops that only multiply and add registers; each returns the operations it did.
#pragma once

#include <cstddef>
#include <cstdint>

#include "frugal/base/isa.h"

namespace frugal::gemm_internal {

double spin_f32(int64_t steps);
double spin_bf16(Isa isa, int64_t steps);  // 0 where there is no such kernel
double spin_s8(Isa isa, int64_t steps);    // 0 on the portable kernel: nothing to compare with
double read_bytes(const std::byte* data,
                  size_t bytes);  // 64-byte aligned, a multiple of 1 KiB; returns `bytes`

}  // namespace frugal::gemm_internal

// What this machine can do at most, measured: the yardstick beside every speed that frugal reports.
#pragma once

#include <cstddef>

#include "frugal/base/context.h"

namespace frugal {

// Of all threads of a team together. A multiply-add counts as two operations.
struct MachinePeak {
  double f32_flops = 0, bf16_flops = 0,
         s8_ops = 0;            // a second, register to register; bf16 0 where it has no kernel
  double bytes_per_second = 0;  // one pass of reading over 256 MiB
};

// Takes about 0.3 s and, for a moment, 256 MiB. Best of several short loops, so that a busy neighbour on the
// machine lowers the figure little. Not while anything else runs on the context's team.
MachinePeak measure_peak(const Context& context);

// Bytes a second of reading so many again and again, all threads together, each its part: what the caches
// give to weights of this size. More than 256 MiB count as 256.
double measure_read_rate(const Context& context, size_t bytes);

}  // namespace frugal

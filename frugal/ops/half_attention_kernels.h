// What half_attention.cc and its vector code (x86_half_attention.cc, x86_short_attention.cc) share.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "frugal/base/isa.h"
#include "frugal/ops/attention_kernels.h"

// Clang before 15 knows halves only where all of the code may use their instructions.
#if defined(__x86_64__) && !(defined(__clang__) && __clang_major__ < 15)
#define FRUGAL_HAS_HALVES 1
#else
#define FRUGAL_HAS_HALVES 0
#endif

namespace frugal {

// Up to so many blocks of so many queries share the work of bringing keys, kKeyBlock at a time, and values
// into the kernel's form.
inline constexpr int64_t kHalfQueryBlock = 64, kHalfQueryBlocks = 8;

// Queries that left the kernel's range somewhere: bit i of element b is query kHalfQueryBlock * b + i.
using OutOfRange = std::array<uint64_t, kHalfQueryBlocks>;

struct HalfKernel {
  int64_t fewest_keys;                                          // of fewer, float is as fast
  size_t (*scratch_bytes)(int64_t width, int64_t value_width);  // for one thread
  // `count` <= kHalfQueryBlocks * kHalfQueryBlock queries from query `first`, a multiple of kHalfQueryBlock,
  // of a head without dropout, bias, table or causality. out is that of query 0 of the sequence; where it is
  // out of range it holds nothing of use. scratch is 64-byte aligned.
  OutOfRange (*attend)(const AttentionHead& head, int64_t first, int64_t count, Strided<float> out,
                       std::byte* scratch);
};

const HalfKernel* half_kernel(Isa isa);  // null: there is none for it

// By instruction set, where the compiler knows it.
extern const HalfKernel fp16_kernel, short_kernel;

}  // namespace frugal

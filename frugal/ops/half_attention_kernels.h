// What half_attention.cc and its vector code (x86_half_attention.cc) share.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "frugal/ops/attention_kernels.h"

// Clang before 15 knows halves only where all of the code may use their instructions.
#if defined(__x86_64__) && !(defined(__clang__) && __clang_major__ < 15)
#define FRUGAL_HAS_HALVES 1
#else
#define FRUGAL_HAS_HALVES 0
#endif

namespace frugal {

// Scores are computed for 64 queries at a time, two vectors of 32 halves, and kKeyBlock keys. Two such blocks
// share the work of bringing keys and values into the kernel's form.
inline constexpr int64_t kHalfQueryBlock = 64, kHalfQueryBlocks = 2;

// Bytes of scratch for one thread.
size_t half_attention_scratch(int64_t width, int64_t value_width);

// Queries that left the range of halves somewhere: bit i of element b is query kHalfQueryBlock * b + i.
using OutOfRange = std::array<uint64_t, kHalfQueryBlocks>;

// `count` <= kHalfQueryBlocks * kHalfQueryBlock queries from query `first` of a head without dropout, bias,
// table or causality. out is that of query 0 of the sequence; where it is out of range it holds nothing of
// use. scratch is 64-byte aligned.
OutOfRange half_attend(const AttentionHead& head, int64_t first, int64_t count, Strided<float> out,
                       std::byte* scratch);

}  // namespace frugal

// What cached attention's operations (cached_attention.cc) and their vector code share.
#pragma once

#include "frugal/ops/attention_kernels.h"

namespace frugal {

// Neighbouring heads of one new query of a sequence.
struct CachedQuery {
  const float* q;             // kv_heads * group * width floats
  int64_t kv_heads, group;    // key heads, and query heads that read the same one
  Strided<const float> k, v;  // the first key head's columns of the caches
  PositionRows table;
  int64_t begin, end;  // the positions it sees
  int64_t width, value_width;
  float scale;
  const float* bias = nullptr;  // of the first head and distance 0; null: none
  int64_t max_distance = 0;
  float* out;  // kv_heads * group * value_width floats
};

using CachedForward = void (*)(const CachedQuery& query, float* scratch);
// For the instruction set that Context::make chose last.
CachedForward cached_forward();
size_t cached_scratch(int64_t heads);  // floats, for kv_heads * group heads

}  // namespace frugal

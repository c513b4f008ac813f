// What the operations over chunks (chunk_attention.cc) and their vector code (chunk_attention_cpu.cc) share.
#pragma once

#include "frugal/ops/attention_kernels.h"

namespace frugal {

// The score of a query with itself in LSH attention: below all others, above what is hidden.
inline constexpr float kSelfScore = -1e5f;

// One head's columns of the packed tensors: row r of q and k at + r * stride, of v at + r * value_stride.
struct WindowHead {
  const float *q, *k, *v;
  int64_t stride, value_stride;
  int64_t width, value_width;
  float scale;
  bool causal;
  bool shared;  // queries and keys are the same rows: a query sees itself last
  AttentionDropout dropout;
};

// The packed rows of a chunk of queries and of the keys they see. Later rows have later positions.
struct Window {
  const int32_t* queries;
  int64_t query_count;
  const int32_t* keys;
  int64_t key_count;
};

// One head's columns of the results; max and sum of row r at + r * heads. A query's window of the first round
// starts its sums, those of later rounds go on from what is there, that of the last round divides.
struct WindowSums {
  float *out, *max, *sum;
  int64_t heads;
  bool first, last;
};

struct WindowGrad {
  const float *out, *max, *sum, *out_grad;
  int64_t heads;
  float *q_grad, *k_grad, *v_grad;  // added to
};

// Floats of scratch for one thread, for windows of at most `queries` and `keys` rows.
size_t window_scratch(int64_t keys, int64_t width, int64_t value_width);
size_t window_grad_scratch(int64_t keys, int64_t width, int64_t value_width);

using WindowForward = void (*)(const WindowHead&, const Window&, const WindowSums&, float* scratch);
using WindowBackward = void (*)(const WindowHead&, const Window&, const WindowGrad&, float* scratch);

// For the instruction set that Context::make chose last.
WindowForward window_forward();
WindowBackward window_backward();

}  // namespace frugal

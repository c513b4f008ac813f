// What xl_attention's operations (xl_attention.cc) and its vector code (xl_attention_cpu.cc) share.
#pragma once

#include "frugal/ops/attention_kernels.h"

namespace frugal {

// One head of one sequence; pointers by query and by key begin at the sequence's first.
struct XlHead : AttentionHead {
  Strided<const float> r;
  int64_t distances;  // rows of r
  int64_t back;       // its row of distance 0
  const float *content_bias, *position_bias, *segment_bias, *same, *other;
  const int32_t *q_positions, *k_positions, *q_types, *k_types;
  Strided<const uint8_t> hidden;  // as many columns as its stride; null: nothing is
  int64_t memory;
};

// All that is shared by queries is added to.
struct XlHeadGrad : AttentionHeadGrad {
  Strided<float> r_grad;
  float *content_bias, *position_bias, *segment_bias, *same, *other;
};

// Floats of scratch for one thread.
size_t xl_attention_scratch(int64_t width, int64_t distances);
size_t xl_attention_grad_scratch(int64_t width, int64_t value_width, int64_t distances);

// As AttentionForward and AttentionBackward.
using XlForward = void (*)(const XlHead& head, int64_t first, int64_t count, Strided<float> out,
                           Strided<float> lse, float* scratch);
using XlBackward = void (*)(const XlHead& head, const XlHeadGrad& grad, float* scratch);

// For the instruction set that Context::make chose last.
XlForward xl_attention_forward();
XlBackward xl_attention_backward();

}  // namespace frugal

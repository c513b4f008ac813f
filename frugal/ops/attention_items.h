// What attention's operations share: what their input types say, and how their work is cut into items.
#pragma once

#include <array>

#include "frugal/ops/attention.h"
#include "frugal/ops/attention_kernels.h"

namespace frugal {

// What the types of q, k, v and the offsets say.
struct AttentionLayout {
  int64_t query_rows, key_rows, sequences, heads, kv_heads, width, value_width;
  TensorType out() const { return f32({query_rows, heads * value_width}); }
  TensorType lse() const { return f32({query_rows, heads}); }
};
AttentionLayout attention_layout(const AttentionOptions& options, std::span<const TensorType> in);

// How many of an operation's inputs are attention's own: q, k, v, q_offsets, k_offsets and, with dropout,
// random.
size_t attention_operands(const AttentionOptions& options);
void check_attention(const AttentionOptions& options, std::span<const TensorType> in);
std::string text_of(const AttentionOptions& options);

// A product of `queries` rows with the keys they are taken to see, `width_products` times over q's width and
// `value_products` times over v's.
double attention_flops(const AttentionOptions& options, const AttentionLayout& layout, double width_products,
                       double value_products);

// `relative`: the bias table and the positions of queries and keys follow the operands, and in the gradient
// the table's gradient and a partial sum for each sequence follow the outputs.
Kernel attention_kernel(const AttentionOptions& options, std::span<const TensorType> in, bool relative);
Kernel attention_grad_kernel(const AttentionOptions& options, std::span<const TensorType> in, bool relative);

}  // namespace frugal

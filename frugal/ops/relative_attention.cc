#include "frugal/ops/relative_attention.h"

#include "frugal/graph/gradient.h"
#include "frugal/ops/attention_items.h"

namespace frugal {
namespace {

// q, k, v, offsets, random if there is dropout, bias and positions.
size_t operand_count(const AttentionOptions& options) { return attention_operands(options) + 3; }

AttentionLayout check(const AttentionOptions& options, std::span<const TensorType> in) {
  require(in.size() >= operand_count(options), "needs the operands of attention, a bias and positions");
  check_attention(options, in);
  require(options.scale != 0, "the scale is 0");
  const AttentionLayout l = attention_layout(options, in);
  const size_t n = attention_operands(options);
  require_bias(in[n], l.heads);
  require(in[n + 1] == i32({l.query_rows}) && in[n + 2] == i32({l.key_rows}),
          "the positions are not I32, one for each row of q and of k");
  return l;
}

}  // namespace

Value relative_attention(Value q, Value k, Value v, Value q_offsets, Value k_offsets,
                         const RelativePositions& positions, const AttentionOptions& options, Value random) {
  std::vector<Value> inputs{q, k, v, q_offsets, k_offsets};
  if (options.dropout > 0 && random) inputs.push_back(random);
  inputs.insert(inputs.end(), {positions.bias, positions.q_positions, positions.k_positions});
  return q.graph->add<RelativeAttention>(std::move(inputs), options);
}

std::string RelativeAttention::attributes() const { return text_of(options); }
std::string RelativeAttentionGrad::attributes() const { return text_of(options); }

std::vector<TensorType> RelativeAttention::infer(std::span<const TensorType> in) const {
  const AttentionLayout l = check(options, in);
  require(in.size() == operand_count(options), "has an input too many");
  return {l.out(), l.lse()};
}

std::vector<TensorType> RelativeAttentionGrad::infer(std::span<const TensorType> in) const {
  const AttentionLayout l = check(options, in);
  const size_t n = operand_count(options);
  require(in.size() == n + 3 && in[n] == l.out() && in[n + 1] == l.lse() && in[n + 2] == l.out(),
          "needs attention's inputs, its outputs and out's gradient");
  const TensorType& bias = in[n - 3];
  return {in[0], in[1], in[2], bias, f32({l.sequences, l.heads, bias.shape[1]})};
}

std::vector<Value> RelativeAttention::gradient(const GradientContext& context) const {
  require(!context.output_gradients[1], "attention's log-sum-exp has no gradient");
  std::vector<Value> inputs = context.inputs;
  inputs.insert(inputs.end(), {context.outputs[0], context.outputs[1], context.output_gradients[0]});
  std::vector<Value> gradients(context.inputs.size());
  const Value node = context.graph.add<RelativeAttentionGrad>(std::move(inputs), options);
  for (int i = 0; i < 3; ++i) gradients[i] = Graph::output_of(node, i);
  gradients[attention_operands(options)] = Graph::output_of(node, 3);
  return gradients;
}

Work RelativeAttention::work(std::span<const TensorType> in, std::span<const TensorType> out) const {
  Work work = Op::work(in, out);
  work.flops = attention_flops(options, attention_layout(options, in), 1, 1);
  return work;
}

Work RelativeAttentionGrad::work(std::span<const TensorType> in, std::span<const TensorType> out) const {
  Work work = Op::work(in, out);
  work.flops = attention_flops(options, attention_layout(options, in), 3, 2);
  return work;
}

Kernel RelativeAttention::kernel(const Context&, std::span<const TensorType> in,
                                 std::span<const TensorType>) const {
  return attention_kernel(options, in, /*relative=*/true);
}

Kernel RelativeAttentionGrad::kernel(const Context&, std::span<const TensorType> in,
                                     std::span<const TensorType>) const {
  return attention_grad_kernel(options, in, /*relative=*/true);
}

}  // namespace frugal

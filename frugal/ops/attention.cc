#include "frugal/ops/attention.h"

#include "frugal/graph/gradient.h"
#include "frugal/ops/attention_items.h"

namespace frugal {

Value attention(Value q, Value k, Value v, Value q_offsets, Value k_offsets, const AttentionOptions& options,
                Value random) {
  std::vector<Value> inputs{q, k, v, q_offsets, k_offsets};
  if (options.dropout > 0 && random) inputs.push_back(random);
  return q.graph->add<Attention>(std::move(inputs), options);
}

std::string Attention::attributes() const { return text_of(options); }
std::string AttentionGrad::attributes() const { return text_of(options); }

std::vector<TensorType> Attention::infer(std::span<const TensorType> in) const {
  check_attention(options, in);
  require(in.size() == attention_operands(options), "has an input too many");
  const AttentionLayout l = attention_layout(options, in);
  return {l.out(), l.lse()};
}

std::vector<TensorType> AttentionGrad::infer(std::span<const TensorType> in) const {
  check_attention(options, in);
  const size_t n = attention_operands(options);
  const AttentionLayout l = attention_layout(options, in);
  require(in.size() == n + 3 && in[n] == l.out() && in[n + 1] == l.lse() && in[n + 2] == l.out(),
          "needs attention's inputs, its outputs and out's gradient");
  return {in[0], in[1], in[2]};
}

std::vector<Value> Attention::gradient(const GradientContext& context) const {
  require(!context.output_gradients[1], "attention's log-sum-exp has no gradient");
  std::vector<Value> inputs = context.inputs;
  inputs.insert(inputs.end(), {context.outputs[0], context.outputs[1], context.output_gradients[0]});
  std::vector<Value> gradients(context.inputs.size());
  const Value node = context.graph.add<AttentionGrad>(std::move(inputs), options);
  for (int i = 0; i < 3; ++i) gradients[i] = Graph::output_of(node, i);
  return gradients;
}

Work Attention::work(std::span<const TensorType> in, std::span<const TensorType> out) const {
  Work work = Op::work(in, out);
  work.flops = attention_flops(options, attention_layout(options, in), 1, 1);
  return work;
}

Work AttentionGrad::work(std::span<const TensorType> in, std::span<const TensorType> out) const {
  Work work = Op::work(in, out);
  work.flops = attention_flops(options, attention_layout(options, in), 3, 2);
  return work;
}

Kernel Attention::kernel(const Context&, std::span<const TensorType> in, std::span<const TensorType>) const {
  return attention_kernel(options, in, /*relative=*/false);
}

Kernel AttentionGrad::kernel(const Context&, std::span<const TensorType> in,
                             std::span<const TensorType>) const {
  return attention_grad_kernel(options, in, /*relative=*/false);
}

}  // namespace frugal

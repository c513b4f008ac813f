#include "frugal/ops/lsh_attention.h"

#include "frugal/graph/gradient.h"

namespace frugal {

Value lsh_attention(Value q, Value k, Value v, Value order, Value offsets, Value extents,
                    const ChunkOptions& options, Value random) {
  std::vector<Value> inputs{q, k, v, order, offsets, extents};
  if (options.dropout > 0) inputs.push_back(random);
  return q.graph->add<LshAttention>(std::move(inputs), options,
                                    static_cast<int>(order.dim(0) / options.heads));
}

std::vector<Value> LshAttention::gradient(const GradientContext& context) const {
  return chunk_gradients(
      context, context.graph.add<LshAttentionGrad>(chunk_gradient_inputs(context), options, rounds));
}

}  // namespace frugal

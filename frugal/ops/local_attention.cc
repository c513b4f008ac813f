#include "frugal/ops/local_attention.h"

#include "frugal/graph/gradient.h"

namespace frugal {

Value local_attention(Value q, Value k, Value v, Value columns, Value offsets, Value extents,
                      const ChunkOptions& options, Value random) {
  std::vector<Value> inputs{q, k, v, columns, offsets, extents};
  if (options.dropout > 0) inputs.push_back(random);
  return q.graph->add<LocalAttention>(std::move(inputs), options);
}

std::vector<Value> LocalAttention::gradient(const GradientContext& context) const {
  return chunk_gradients(context,
                         context.graph.add<LocalAttentionGrad>(chunk_gradient_inputs(context), options));
}

}  // namespace frugal

// local_attention: each chunk of queries sees the keys of its own chunk and of `before` and `after`
// neighbours. See chunk_attention.h for the window, the inputs and the outputs.
//
// `places` is columns I32[T], the position of each row in its sequence, rising within it: position p belongs
// to chunk p / chunk, also where rows in between are missing.
#pragma once

#include "frugal/ops/chunk_attention.h"

namespace frugal {

Value local_attention(Value q, Value k, Value v, Value columns, Value offsets, Value extents,
                      const ChunkOptions& options, Value random = {});

struct LocalAttention : ChunkAttention {
  explicit LocalAttention(ChunkOptions o) : ChunkAttention(o, 0) {}
  std::string_view name() const override { return "local_attention"; }
  std::vector<Value> gradient(const GradientContext& context) const override;
};

struct LocalAttentionGrad : ChunkAttentionGrad {
  explicit LocalAttentionGrad(ChunkOptions o) : ChunkAttentionGrad(o, 0) {}
  std::string_view name() const override { return "local_attention_grad"; }
};

}  // namespace frugal

// lsh_attention: attention among the rows that a hash puts near each other (Kitaev et al. 2020, section 2 and
// appendix A). Each round sorts a sequence's rows by their buckets and cuts the sorted rows into chunks; a
// query's keys are those of the windows of all rounds, a key that two windows share counting twice. See
// chunk_attention.h for the window, the inputs and the outputs; the softmax runs over all rounds at once,
// which is the paper's sum of rounds weighted by their log-sum-exp.
//
// `places` is order I32[heads * rounds, T], from lsh_hash. Queries and keys are one vector in two forms, so a
// query would nearly always see itself best; it sees itself only where it sees nothing else: the score of
// that pair is -1e5.
#pragma once

#include "frugal/ops/chunk_attention.h"

namespace frugal {

Value lsh_attention(Value q, Value k, Value v, Value order, Value offsets, Value extents,
                    const ChunkOptions& options, Value random = {});

struct LshAttention : ChunkAttention {
  LshAttention(ChunkOptions o, int rounds) : ChunkAttention(o, rounds) {}
  std::string_view name() const override { return "lsh_attention"; }
  std::vector<Value> gradient(const GradientContext& context) const override;
};

struct LshAttentionGrad : ChunkAttentionGrad {
  LshAttentionGrad(ChunkOptions o, int rounds) : ChunkAttentionGrad(o, rounds) {}
  std::string_view name() const override { return "lsh_attention_grad"; }
};

}  // namespace frugal

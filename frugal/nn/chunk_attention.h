// Reformer's two kinds of attention (Kitaev et al. 2020) as a model writes them; see ops/local_attention.h
// and ops/lsh_attention.h.
#pragma once

#include <optional>

#include "frugal/nn/net.h"
#include "frugal/ops/lsh_hash.h"

namespace frugal {

// Of `window`, heads, chunk, before, after, multiple, shortest and causal count; scores are divided by the
// root of the head size. q, k, v [T, heads * head size].
Value attend_local(Net& net, const Scope& at, Value q, Value k, Value v, ChunkOptions window, double dropout);

struct LshSettings {
  int64_t rounds = 1;
  std::vector<int64_t> factors;  // of the buckets; empty: chosen for each sequence
  int64_t positions = 1;         // most places of a sequence
  std::optional<int64_t> seed;   // the rotations are the same in every step of training
  int64_t index = 0;             // of the layer among those that hash
};

// Queries and keys from one projection: keys are its rows divided, head by head, by their root mean square.
//
// The hash rotations F32[heads, head size, rounds, columns] are drawn for this `at`: in training for each
// step (unless settings.seed is set), else once and for all. Where the batch brings rotations (BatchShape),
// they are the input "lsh_rotations.<index>".
Value attend_lsh(Net& net, const Scope& at, Value qk, Value v, ChunkOptions window,
                 const LshSettings& settings, double dropout);

}  // namespace frugal

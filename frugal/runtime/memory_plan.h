// Where each value of a graph lies in one arena: liveness, in-place operations, and offsets chosen greedily
// by size (as in Pisarchyk & Lee, "Efficient memory management for deep neural net inference", 2020).
//
// The plan is what `price` quotes and what the program takes: the arena is allocated once with `arena_bytes`.
#pragma once

#include <map>
#include <vector>

#include "frugal/graph/graph.h"

namespace frugal {

struct MemoryPlan {
  size_t arena_bytes = 0;
  std::map<Value, size_t> offsets;  // of what lies in the arena: inputs and every output of a live operation
  std::vector<int> order;           // live operations, in the order they run
};

// Whose memory the inputs and outputs of the graph are: the arena's, where they keep theirs for the whole
// run, so that a caller may write all inputs before it and read all outputs after it; or the caller's.
enum class Ends : uint8_t { arena, caller };

// Variables and constants have memory of their own.
MemoryPlan plan_memory(const Graph& graph, Ends ends = Ends::arena);

}  // namespace frugal

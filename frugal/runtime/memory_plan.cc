#include "frugal/runtime/memory_plan.h"

#include <algorithm>

#include "frugal/base/checked.h"

namespace frugal {
namespace {

// Memory that one value, or several that share it, needs during [first, last] of the run.
struct Storage {
  size_t bytes = 0;
  int first = 0, last = 0;
  size_t offset = 0;
  bool planned = true;  // false: memory of a variable or constant
};

class Planner {
 public:
  Planner(const Graph& graph, Ends ends) : graph_(graph), ends_(ends), live_(graph.live_nodes()) {}

  MemoryPlan run() {
    find_last_uses();
    assign_storages();
    place();
    for (const auto& [value, storage] : storage_of_)
      if (storages_[storage].planned) plan_.offsets[value] = storages_[storage].offset;
    return std::move(plan_);
  }

 private:
  void find_last_uses() {
    const int end = static_cast<int>(graph_.nodes().size());
    for (int i = 0; i < end; ++i)
      if (live_[i])
        for (const Value& input : graph_.node(i).inputs)
          if (input) last_use_[input] = i;
    for (const auto& [name, value] : graph_.outputs()) last_use_[value] = end;
  }

  void assign_storages() {
    const int end = static_cast<int>(graph_.nodes().size());
    for (int i = 0; i < end; ++i) {
      if (!live_[i]) continue;
      const Node& node = graph_.node(i);
      if (node.kind == NodeKind::operation) plan_.order.push_back(i);
      for (int o = 0; o < static_cast<int>(node.outputs.size()); ++o) {
        const Value value{const_cast<Graph*>(&graph_), i, o};
        const auto use = last_use_.find(value);
        const int last = use == last_use_.end() ? i : use->second;
        if (node.kind != NodeKind::operation) {
          new_storage(value, node.outputs[o].byte_count(), 0, end,
                      node.kind == NodeKind::input && ends_ == Ends::arena);
        } else if (ends_ == Ends::caller && last == end) {
          new_storage(value, node.outputs[o].byte_count(), i, end, false);
        } else if (const int shared = shared_input(node, i, o); shared >= 0) {
          storage_of_[value] = shared;
          storages_[shared].last = std::max(storages_[shared].last, last);
        } else {
          new_storage(value, node.outputs[o].byte_count(), i, last, true);
        }
      }
    }
  }

  // The storage of the input that output `o` takes over, or -1.
  int shared_input(const Node& node, int i, int o) const {
    if (o != 0) return -1;
    if (node.op->is_view()) return storage_of_.at(node.inputs[0]);
    const int k = node.op->in_place_input();
    if (k < 0 || !node.inputs[k]) return -1;
    const int storage = storage_of_.at(node.inputs[k]);
    const Storage& memory = storages_[storage];
    // A reader of the same memory at this very node (f(x, x)) is safe: elementwise kernels read before they
    // write.
    const bool dies_here = memory.planned && memory.last <= i && last_use_.at(node.inputs[k]) == i;
    return dies_here && memory.bytes == node.outputs[0].byte_count() ? storage : -1;
  }

  void new_storage(const Value& value, size_t bytes, int first, int last, bool planned) {
    storage_of_[value] = static_cast<int>(storages_.size());
    storages_.push_back({bytes, first, last, 0, planned});
  }

  void place() {
    std::vector<int> by_size;
    for (int s = 0; s < static_cast<int>(storages_.size()); ++s)
      if (storages_[s].planned) by_size.push_back(s);
    std::stable_sort(by_size.begin(), by_size.end(),
                     [&](int a, int b) { return storages_[a].bytes > storages_[b].bytes; });
    std::vector<int> placed;  // kept sorted by offset
    for (int s : by_size) {
      Storage& storage = storages_[s];
      const size_t bytes = aligned(storage.bytes);
      size_t offset = 0;
      for (int p : placed) {
        const Storage& other = storages_[p];
        if (other.last < storage.first || storage.last < other.first) continue;
        if (offset + bytes <= other.offset) break;
        offset = std::max(offset, other.offset + aligned(other.bytes));
      }
      storage.offset = offset;
      plan_.arena_bytes = std::max(plan_.arena_bytes, offset + bytes);
      placed.insert(std::upper_bound(placed.begin(), placed.end(), s,
                                     [&](int a, int b) { return storages_[a].offset < storages_[b].offset; }),
                    s);
    }
  }

  static size_t aligned(size_t bytes) {
    return static_cast<size_t>(round_up(static_cast<int64_t>(bytes), 64));
  }

  const Graph& graph_;
  const Ends ends_;
  std::vector<bool> live_;
  std::map<Value, int> last_use_;
  std::map<Value, int> storage_of_;
  std::vector<Storage> storages_;
  MemoryPlan plan_;
};

}  // namespace

MemoryPlan plan_memory(const Graph& graph, Ends ends) { return Planner(graph, ends).run(); }

}  // namespace frugal

#include "frugal/ops/compact_rows.h"

#include <bit>
#include <cstring>

#include "frugal/ops/rows.h"

namespace frugal {
namespace {

int64_t table_size(int64_t rows) {  // a power of two, at most half full
  return static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(2 * rows + 1)));
}

// Chains the positions of each id: slots as described in the header; next[t] is the next position of t's id,
// or -1. `last[t]` and the hash table (open addressing, first positions) are for its own use.
void chain(const int32_t* ids, int64_t rows, int32_t* slots, int32_t* next, int32_t* last, int32_t* table) {
  const uint32_t mask = static_cast<uint32_t>(table_size(rows) - 1);
  std::fill(table, table + mask + 1, -1);
  for (int32_t t = 0; t < rows; ++t) {
    slots[t] = next[t] = -1;
    if (ids[t] < 0) continue;
    uint32_t place = static_cast<uint32_t>(ids[t]) * 0x9E3779B1u >> 7 & mask;  // Fibonacci hashing
    while (table[place] >= 0 && ids[table[place]] != ids[t]) place = (place + 1) & mask;
    const int32_t first = table[place];
    if (first < 0) {
      table[place] = t;
      slots[t] = ids[t];
      last[t] = t;
    } else {
      next[last[first]] = t;
      last[first] = t;
    }
  }
}

}  // namespace

RowGradient compact_rows(Value ids, Value dy) {
  const Value rows = ids.graph->add<CompactRows>({ids, dy});
  return {rows, Graph::output_of(rows, 1)};
}

std::vector<TensorType> CompactRows::infer(std::span<const TensorType> in) const {
  require(in.size() == 2, "needs ids and dy");
  require_type(in[0], DType::i32, 1, "ids");
  require_type(in[1], DType::f32, 2, "dy");
  const int64_t rows = in[0].shape[0];
  require(in[1].shape[0] == rows, "ids and dy differ in rows");
  return {in[1], in[0], i32({2 * rows + table_size(rows)})};
}

Kernel CompactRows::kernel(const Context&, std::span<const TensorType> in,
                           std::span<const TensorType>) const {
  const int64_t rows = in[1].shape[0], width = in[1].shape[1];
  return {[=](const KernelArgs& args, Worker& worker) {
    const int32_t* ids = args.input<int32_t>(0);
    const float* dy = args.input<float>(1);
    float* out = args.output<float>(0);
    int32_t *slots = args.output<int32_t>(1), *next = args.output<int32_t>(2);
    // One thread: some ten nanoseconds a row.
    worker.single([&] { chain(ids, rows, slots, next, next + rows, next + 2 * rows); });
    for_each_row(worker, rows, width, [=](int64_t t) {
      float* sum = out + t * width;
      if (slots[t] < 0) {
        std::fill(sum, sum + width, 0.0f);
        return;
      }
      std::copy(dy + t * width, dy + (t + 1) * width, sum);
      for (int32_t other = next[t]; other >= 0; other = next[other])
        for (int64_t j = 0; j < width; ++j) sum[j] += dy[other * width + j];
    });
  }};
}

}  // namespace frugal

#include "frugal/ops/lsh_hash.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "frugal/base/checked.h"
#include "frugal/graph/gradient.h"

namespace frugal {
namespace {

int64_t half_of(const std::vector<int64_t>& factors) {
  int64_t sum = 0;
  for (int64_t factor : factors) sum += factor / 2;
  return sum;
}

int64_t digits(const HashOptions& options) {
  return options.factors.empty() ? 2 : static_cast<int64_t>(options.factors.size());
}

}  // namespace

std::vector<int64_t> bucket_factors(const HashOptions& options, int64_t chunks) {
  if (!options.factors.empty()) return options.factors;
  const int64_t chunk = options.chunks.chunk;
  const int power = std::min<int>(std::bit_width(static_cast<uint64_t>(chunks)),
                                  std::bit_width(static_cast<uint64_t>(kMostBuckets)) - 1);
  const int64_t side = static_cast<int64_t>(std::sqrt(static_cast<double>(options.positions / chunk)));
  const int64_t low = power / 2;
  if (int64_t{1} << power <= 2 * std::max(side, chunk)) return {int64_t{1} << power};
  return {int64_t{1} << low, int64_t{1} << (power - low)};
}

// Longer sequences may need fewer columns, once their buckets are factored.
int64_t rotation_columns(const HashOptions& options) {
  const int64_t chunks = chunk_count(options.chunks, options.positions, 0);
  int64_t most = half_of(bucket_factors(options, chunks));
  for (int64_t fewer = 2; fewer < chunks; fewer *= 2)
    most = std::max(most, half_of(bucket_factors(options, fewer)));
  return most;
}

Value lsh_hash(Value q, Value rotations, Value offsets, Value extents, const HashOptions& options) {
  return q.graph->add<LshHash>({q, rotations, offsets, extents}, options);
}

std::string LshHash::attributes() const {
  return fmt::format("heads={} chunk={} multiple={} shortest={} factors=[{}] positions={}",
                     options.chunks.heads, options.chunks.chunk, options.chunks.multiple,
                     options.chunks.shortest, fmt::join(options.factors, ","), options.positions);
}

std::vector<TensorType> LshHash::infer(std::span<const TensorType> in) const {
  require(in.size() == 4 || in.size() == 5, "needs q, rotations, offsets and extents");
  require_type(in[0], DType::f32, 2, "q");
  require_type(in[1], DType::f32, 4, "rotations");
  require_type(in[3], DType::i32, 1, "extents");
  require(in[2] == i32({in[3].shape[0] + 1}), "the offsets are not one more than the extents");
  const int64_t heads = options.chunks.heads, rows = in[0].shape[0], rounds = in[1].shape[2];
  require(heads >= 1 && in[0].shape[1] >= heads && in[0].shape[1] % heads == 0,
          "q's width is no multiple of the heads");
  int64_t buckets = 1;
  for (int64_t factor : options.factors) {
    require(factor >= 2 && factor % 2 == 0 && factor <= kMostBuckets, "a number of buckets is not even");
    require((buckets *= factor) <= kMostBuckets, fmt::format("more than {} buckets", kMostBuckets));
  }
  const int64_t columns = in[1].shape[3];
  require(rounds >= 1 && columns >= 1 && in[1].shape[0] == heads &&
              in[1].shape[1] == in[0].shape[1] / heads &&
              (options.factors.empty() || columns == rotation_columns(options)),
          fmt::format("rotations are not [{}, {}, rounds, {}]", heads, in[0].shape[1] / heads,
                      rotation_columns(options)));
  const TensorType ties{DType::u8, {rows, ceil_div(heads * rounds * digits(options), 8)}};
  require(in.size() == 4 || in[4] == ties, "the ties are not those of a first run");
  const TensorType order = i32({heads * rounds, rows});
  return {order, ties, order};
}

std::vector<Value> LshHash::gradient(const GradientContext& context) const {
  return std::vector<Value>(context.inputs.size());
}

std::vector<Value> LshHash::replay_inputs(std::vector<Value> inputs, const std::vector<Value>& first) const {
  inputs.resize(4);
  inputs.push_back(first[1]);
  return inputs;
}

Work LshHash::work(std::span<const TensorType> in, std::span<const TensorType> out) const {
  Work work = Op::work(in, out);
  work.flops = 2.0 * static_cast<double>(element_count(in[0].shape) * in[1].shape[2] * in[1].shape[3]);
  return work;
}

}  // namespace frugal

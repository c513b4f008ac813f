// Kernel of lsh_hash: the rotations of a block of rows as a product, the best two of each row, and a counting
// sort of each sequence's rows.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "frugal/base/checked.h"
#include "frugal/ops/lsh_hash.h"
#include "frugal/ops/packed_rows.h"
#include "frugal/ops/rows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frugal/ops/lsh_hash_cpu.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "frugal/ops/attention_product-inl.h"
#include "frugal/ops/simd-inl.h"

#ifndef FRUGAL_OPS_LSH_HASH_BLOCK
#define FRUGAL_OPS_LSH_HASH_BLOCK
namespace frugal {

constexpr int64_t kHashRows = 32;  // a block of rows, whose rotations stay in the second-level cache

// One head of up to kHashRows rows of one sequence.
struct HashBlock {
  const float* q;  // the first row's columns of this head
  int64_t stride, rows, width;
  const float* rotations;  // [width][rounds * columns]
  int64_t rounds, columns;
  const std::vector<int64_t>* factors;
  int32_t* buckets;  // of the first row; rounds lie bucket_stride apart
  int64_t bucket_stride;
  uint8_t* ties;  // of the first row
  int64_t tie_stride, first_tie;
  bool replay;  // the ties are given
};

}  // namespace frugal
#endif

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {
namespace lsh_simd {

HWY_ATTR float largest_size(const float* x, int64_t n) {
  return max_of(n, [=](int64_t i, auto part) FRUGAL_LAMBDA { return hn::Abs(part.load(x + i)); });
}

// The first index of `value` in x, or n.
HWY_ATTR int64_t find(const float* x, int64_t n, float value) {
  const FloatTag d;
  int64_t found = n;
  constexpr int64_t lanes = hn::MaxLanes(FloatTag());
  for (int64_t i = 0; i < n && found == n; i += lanes) {
    const Floats v =
        i + lanes <= n ? hn::LoadU(d, x + i) : PartVector{static_cast<size_t>(n - i)}.load(x + i);
    const intptr_t lane = hn::FindFirstTrue(d, hn::Eq(v, hn::Set(d, value)));
    if (lane >= 0) found = std::min(n, i + lane);
  }
  return found;
}

// The first index of the largest of [x; -x], whose size is `size`.
HWY_ATTR int64_t index_of(const float* x, int64_t n, float size) {
  const int64_t positive = find(x, n, size);
  if (positive < n) return positive;
  const int64_t negative = find(x, n, -size);
  return negative < n ? n + negative : 0;  // no number: NaN
}

// The index of the largest of [x; -x] for x of n floats, and whether it is below that of the second largest
// (`below`). Where `replay`, `below` decides between two that are nearer than `near`.
HWY_ATTR int64_t choose(const float* x, int64_t n, float near, bool replay, bool& below) {
  const float best = largest_size(x, n);
  const int64_t first = index_of(x, n, best), place = first % n;
  int64_t second;
  float gap;
  if (n == 1) {
    second = 1 - first, gap = 2 * best;
  } else {
    const float head = place > 0 ? largest_size(x, place) : -1;
    const float tail = place + 1 < n ? largest_size(x + place + 1, n - place - 1) : -1;
    gap = best - std::max(head, tail);
    if (!(gap <= near)) return first;  // the common case: nobody will ask for the second
    const int64_t start = head >= tail ? 0 : place + 1, count = head >= tail ? place : n - place - 1;
    const int64_t at = index_of(x + start, count, std::max(head, tail));
    second = start + at % count + (at >= count ? n : 0);
  }
  if (!(gap <= near)) return first;
  if (replay) return below ? std::min(first, second) : std::max(first, second);
  below = first < second;
  return first;
}

HWY_ATTR void hash_block(const HashBlock& b, float* scratch) {
  const int64_t terms = b.rounds * b.columns;
  attention_simd::product<attention_simd::ReadA::by_row>(
      {b.q, b.stride, b.rotations, terms, scratch, terms, b.width, false}, b.rows, terms);
  for (int64_t i = 0; i < b.rows; ++i) {
    const float* q = b.q + i * b.stride;
    const float length = std::sqrt(sum_of(b.width, [=](int64_t e, auto part) FRUGAL_LAMBDA {
      return hn::Mul(part.load(q + e), part.load(q + e));
    }));
    uint8_t* ties = b.ties + i * b.tie_stride;
    int64_t tie = b.first_tie;
    for (int64_t r = 0; r < b.rounds; ++r) {
      const float* x = scratch + i * terms + r * b.columns;
      int64_t bucket = 0, scale = 1;
      for (const int64_t factor : *b.factors) {
        const uint8_t bit = static_cast<uint8_t>(1u << (tie % 8));
        bool below = (ties[tie / 8] & bit) != 0;
        bucket += scale * choose(x, factor / 2, 1e-4f * length, b.replay, below);
        if (!b.replay && below) ties[tie / 8] |= bit;
        x += factor / 2;
        scale *= factor;
        ++tie;
      }
      b.buckets[r * b.bucket_stride + i] = static_cast<int32_t>(bucket);
    }
  }
}

}  // namespace lsh_simd

using lsh_simd::hash_block;

}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace frugal {

HWY_EXPORT(hash_block);

namespace {

// Stable counting sort; `count` has room for one number a bucket and one more.
void sort_rows(const int32_t* buckets, RowRange rows, int64_t bucket_count, int32_t* count, int32_t* order) {
  std::fill_n(count, bucket_count + 1, 0);
  for (int64_t r = rows.begin; r < rows.end; ++r) ++count[buckets[r] + 1];
  for (int64_t b = 0; b < bucket_count; ++b) count[b + 1] += count[b];
  for (int64_t r = rows.begin; r < rows.end; ++r)
    order[rows.begin + count[buckets[r]]++] = static_cast<int32_t>(r);
}

int64_t product_of(const std::vector<int64_t>& factors) {
  int64_t product = 1;
  for (int64_t factor : factors) product *= factor;
  return product;
}

}  // namespace

Kernel LshHash::kernel(const Context&, std::span<const TensorType> in,
                       std::span<const TensorType> out) const {
  const int64_t rows = in[0].shape[0], heads = options.chunks.heads, width = in[0].shape[1] / heads;
  const int64_t rounds = in[1].shape[2], columns = in[1].shape[3], sequences = in[3].shape[0];
  const int64_t tie_bytes = out[1].shape[1];
  const int64_t digits = options.factors.empty() ? 2 : static_cast<int64_t>(options.factors.size());
  const bool replay = in.size() == 5;
  // The factors by the bits of a number of chunks, so that no run allocates; sequences that would need more
  // rotations than are given take the last factors that do not.
  std::vector<std::vector<int64_t>> factors_by_bits{{}};
  int64_t most_buckets = 1;
  while (factors_by_bits.size() < 20) {
    auto factors = bucket_factors(options, int64_t{1} << (factors_by_bits.size() - 1));
    int64_t needed = 0;
    for (int64_t factor : factors) needed += factor / 2;
    if (needed > columns) factors = factors_by_bits.back();
    most_buckets = std::max(most_buckets, product_of(factors));
    factors_by_bits.push_back(std::move(factors));
  }
  const auto factors_of = [factors_by_bits](int64_t chunks) -> const std::vector<int64_t>& {
    const size_t bits = std::bit_width(static_cast<uint64_t>(chunks));
    return factors_by_bits[std::min(factors_by_bits.size() - 1, bits)];
  };
  const auto run = FRUGAL_DISPATCH(hash_block);
  const auto body = [=, o = options.chunks](const KernelArgs& args, Worker& worker) {
    const int32_t *offsets = args.input<int32_t>(2), *extents = args.input<int32_t>(3), *ends = offsets + 1;
    int32_t *order = args.output<int32_t>(0), *buckets = args.output<int32_t>(2);
    uint8_t* ties = args.output<uint8_t>(1);
    for_each_chunk(
        worker, rows,
        [&](int64_t begin, int64_t end) {
          if (replay)
            std::memcpy(ties + begin * tie_bytes, args.input<uint8_t>(4) + begin * tie_bytes,
                        static_cast<size_t>((end - begin) * tie_bytes));
          else
            std::fill(ties + begin * tie_bytes, ties + end * tie_bytes, 0);
          for (int64_t line = 0; line < heads * rounds; ++line) {
            std::fill(order + line * rows + begin, order + line * rows + end, -1);
            std::fill(buckets + line * rows + begin, buckets + line * rows + end, 0);
          }
          for (int64_t s = std::upper_bound(ends, ends + sequences, begin) - ends; s < sequences; ++s) {
            const RowRange all = sequence_rows(offsets, s, rows);
            const RowRange part{std::max(begin, all.begin), std::min(end, all.end)};
            if (all.begin >= end) break;
            const int64_t chunks = chunk_count(o, extents[s], all.count());
            if (chunks == 1 || part.count() <= 0) continue;
            for (int64_t h = 0; h < heads; ++h)
              run({args.input<float>(0) + part.begin * heads * width + h * width, heads * width, part.count(),
                   width, args.input<float>(1) + h * width * rounds * columns, rounds, columns,
                   &factors_of(chunks), buckets + h * rounds * rows + part.begin, rows,
                   ties + part.begin * tie_bytes, tie_bytes, h * rounds * digits, replay},
                  reinterpret_cast<float*>(worker.scratch().data()));
          }
        },
        kHashRows);
    worker.for_each(sequences * heads * rounds, [&](int64_t item) {
      const int64_t s = item % sequences, line = item / sequences;
      const RowRange all = sequence_rows(offsets, s, rows);
      const int64_t chunks = chunk_count(o, extents[s], all.count());
      sort_rows(buckets + line * rows, all, chunks == 1 ? 1 : product_of(factors_of(chunks)),
                reinterpret_cast<int32_t*>(worker.scratch().data()), order + line * rows);
    });
  };
  const int64_t scratch = std::max(kHashRows * rounds * columns, most_buckets + 1);
  return {body, static_cast<size_t>(scratch) * sizeof(float)};
}

}  // namespace frugal
#endif

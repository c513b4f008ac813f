// What attention's operations (attention.cc) and its vector code (attention_cpu.cc) share.
#pragma once

#include <cstddef>
#include <cstdint>

namespace frugal {

// Queries are taken 48 at a time, which whole tiles of every instruction set divide, keys 128 at a time: the
// scores between the two are 24 KiB and stay in the first-level cache. 64 by 256 is a fifth slower.
inline constexpr int64_t kQueryBlock = 48, kKeyBlock = 128;

// A matrix inside a packed tensor: row r at data + r * stride.
template <class T>
struct Strided {
  T* data;
  int64_t stride;
  T* row(int64_t r) const { return data + r * stride; }
};

struct AttentionDropout {
  uint64_t key = 0;        // of Philox, made from seed, step and site
  uint32_t threshold = 0;  // a probability is dropped when its 16 random bits are below; 0: no dropout
  uint32_t first_row = 0;  // the packed row of query 0
  uint32_t head = 0;
  float kept_scale() const { return 65536.0f / static_cast<float>(65536 - threshold); }
};

// What the distance of a key from a query, the key's position minus the query's, adds to their score.
struct RelativeBias {
  const float* table =
      nullptr;  // of distance 0, null: no bias; distances are cut to [-max_distance, max_distance]
  int64_t max_distance = 0;
  // Of the sequence's first query and key; null: the queries are the last of the keys, one after the other.
  const int32_t *q_positions = nullptr, *k_positions = nullptr;
};

// Cache rows of a sequence's positions; null: positions are rows. Rows may be anything.
struct PositionRows {
  const int32_t* rows = nullptr;
  int64_t limit = 0;  // rows of the cache, at least 1
  int64_t row(int64_t position) const {
    return static_cast<uint32_t>(rows[position]) < static_cast<uint64_t>(limit) ? rows[position] : 0;
  }
};

// One head of one sequence.
struct AttentionHead {
  Strided<const float> q, k, v;
  PositionRows table;  // where k's and v's rows are
  int64_t queries, keys;
  int64_t width, value_width;  // floats of a row of q and k, and of v
  float scale;
  bool causal;
  int64_t window;  // causal only: how many keys a query sees at most; 0: all
  AttentionDropout dropout;
  RelativeBias bias;
};

struct AttentionHeadGrad {
  Strided<const float> out, out_grad, lse;
  Strided<float> q_grad, k_grad, v_grad;  // k_grad and v_grad are added to
  float* bias_grad = nullptr;             // of distance 0; added to
};

// Floats between rows of a block in scratch memory: an odd number of cache lines, as an even one would crowd
// the rows into a part of the cache's sets (measured: a tenth slower).
inline int64_t scratch_stride(int64_t width) { return ((width + 15) / 16 | 1) * 16; }

// Floats of scratch for one thread. With a table of rows, k and v are gathered in kKeyBlock rows more.
size_t attention_scratch(int64_t width);
size_t attention_grad_scratch(int64_t width, int64_t value_width);

// `count` <= kQueryBlock queries from query `first`. out and lse are those of query 0 of the sequence.
using AttentionForward = void (*)(const AttentionHead& head, int64_t first, int64_t count, Strided<float> out,
                                  Strided<float> lse, float* scratch);
using AttentionBackward = void (*)(const AttentionHead& head, const AttentionHeadGrad& grad, float* scratch);

// For the instruction set that Context::make chose last.
AttentionForward attention_forward();
AttentionBackward attention_backward();

}  // namespace frugal

// A micro-kernel: the innermost product of a few rows of A with panels of packed B, and how it wants both
// laid out.
//
// Packed B is a row of panels. A panel holds `cols` columns for all k, in groups of `group` consecutive k:
// [k_padded / group][cols][group] elements (group 1 floats, 2 bfloat16, 4 bytes), zero beyond K and beyond N.
// Where the kernel asks for it (Kernel::stretch), a byte for each stretch of k follows: how many groups of it
// can be summed in 16 bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "frugal/base/isa.h"
#include "frugal/ops/gemm/gemm.h"
#include "frugal/ops/row_pointers.h"

namespace frugal::gemm_internal {

// What of B is read next, fetched into the second-level cache on the way, a few lines a step. Weights that
// come from further away, at 64 bytes every dozen cycles, the hardware's own fetching does not keep up with:
// with this, BERT-base of 1 x 8 and 1 x 128 tokens in int8 takes 2.3 and 22 ms in place of 5.3 and 28.
struct Ahead {
  int64_t from;   // bytes from the panel's part
  int64_t step;   // from one step's first line to the next one's; 0: nothing is fetched
  int64_t line;   // from line to line of a step; 0: they are one
  int64_t lines;  // a step's; a kernel may fetch more, which are the next step's

  template <int kLines>
  void fetch(const void* panel, int64_t i) const {
#if defined(__GNUC__)
    for (int j = 0; j < kLines; ++j)
      __builtin_prefetch(static_cast<const std::byte*>(panel) + from + i * step + j * line, 0, 2);
#endif
  }
};

// acc[panel][row][col] (+)= sum over k of a[row][k] b[panel][k][col]; floats, or int32 for s8.
struct Tile {
  int64_t rows;  // 1 .. Kernel::rows
  int64_t panels;
  int64_t k;        // a multiple of Kernel::k_unit
  const void* a;    // rows padded to Kernel::row_unit may be read
  int64_t a_bytes;  // from row to row; by_k: from one k to the next
  bool by_k;        // f32 only: the rows' elements of one k lie side by side
  const void* b;
  int64_t b_bytes;  // from panel to panel
  Ahead ahead;
  const void* summable;  // the first panel's bytes of this k's stretches; the other panels' are b_bytes apart
  void* acc;             // rows padded to Kernel::row_unit are written; row stride is Kernel::cols
  int64_t acc_elements;  // from panel to panel
  bool first;            // start from zero instead of from acc
  // f32 only, where this is the last part of K: C's elements, which get the sums (+ bias) (+ residual) in
  // place of acc. Null: acc gets the sums.
  float* c;
  int64_t ldc;            // floats, of the residual too
  const float* bias;      // of the first panel's columns, or null
  const float* residual;  // of c's elements, or null
};

struct Kernel {
  int64_t rows;      // most rows of one call
  int64_t row_unit;  // rows of A and acc are padded to a multiple of this
  int64_t cols;      // of a panel
  int64_t k_unit;    // K is padded to a multiple of this
  int64_t group;     // consecutive k that lie together
  int64_t step;      // k between two fetches ahead
  int64_t element;   // bytes
  int64_t chunk;     // k at a time, so that a panel's chunk stays in the first-level cache
  int64_t stretch;   // k that a byte at the panel's end tells of, a divisor of k_unit; 0: there are none
  int64_t far;       // strips from which on they fetch what follows, together, while fewer fetch near
                     // themselves; 0: as many as a step has lines, so that each fetches one
  int64_t together;  // panels that a strip of rows goes through, and whose C it writes, before the next strip
  // Of a stretch of a panel: how many of its groups can be summed in 16 bits, whatever the bytes of A are (0
  // to 255): all, half or one; null where stretch is 0.
  int8_t (*summable)(const int8_t* stretch);
  void (*run)(const Tile& tile);
  void (*enter)();  // on each thread before its first run, and after its last
  void (*leave)();

  int64_t padded_k(int64_t k) const { return (k + k_unit - 1) / k_unit * k_unit; }
  int64_t panels(int64_t n) const { return (n + cols - 1) / cols; }
  int64_t elements_bytes(int64_t k) const { return padded_k(k) * cols * element; }  // of a panel
  int64_t panel_bytes(int64_t k) const {
    return elements_bytes(k) + (stretch > 0 ? (padded_k(k) / stretch + 63) / 64 * 64 : 0);
  }
};

Kernel f32_kernel();          // for Highway's present choice of target
Kernel bf16_kernel(Isa isa);  // has_bf16(isa) only
Kernel s8_kernel(Isa isa);
Kernel s8_scalar_kernel();

// Rounds x[k] to bfloat16, nearest even, with zeros up to `padded`; where has_bf16.
void to_bf16(const float* x, int64_t k, uint16_t* to, int64_t padded);
// The same for rows of a transposed matrix: element (i, j) is from[j * stride + i].
void to_bf16_transposed(const float* from, int64_t stride, int64_t rows, int64_t k, int64_t padded,
                        std::byte* to, int64_t to_stride);
// Packs one panel of bfloat16: B's columns from b.data on, `cols` of them, in lines of to_cols.
void pack_panel_bf16_x86(MatrixView b, int64_t k, int64_t padded, int64_t cols, void* to, int64_t to_cols);

}  // namespace frugal::gemm_internal

// Matrix products C[M,N] = A[M,K] B[K,N] with B packed beforehand for this machine's micro-kernel.
//
// All functions are collective: every thread of the team calls them with the same arguments, and they return
// on all threads when the work is done. The sum over K of one element runs in one fixed order that depends on
// K alone, so a row of C has the same bits whatever M is, whichever thread computes it and however many there
// are.
//
//   f32   fp32 operands and sums, fused multiply-add (Highway: generic, AVX2, AVX-512)
//   bf16  operands rounded to bfloat16 (nearest even), fp32 sums; AMX tiles or vdpbf16ps; needs has_bf16(isa)
//   s8    weights as 7-bit integers with one scale a column; A is quantized row by row to 8 unsigned bits
//   with a
//         scale and a zero point, so no 16-bit pair sum can saturate even without VNNI, and every machine
//         gets the same integers; the float epilogue runs in one fixed order, too: same bits on every FMA
//         machine
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "frugal/base/isa.h"
#include "frugal/base/team.h"
#include "frugal/ops/activation.h"

namespace frugal {

enum class Precision : uint8_t { f32, bf16, s8 };
std::string_view name_of(Precision precision);
bool has_bf16(Isa isa);  // whether Precision::bf16 has a kernel on this instruction set
// Whether that kernel is faster than f32's: AMX tiles, and AMD's vdpbf16ps (450 against 235 GFLOP/s on an
// EPYC of two cores). Intel's runs at half the rate of its own fp32 (172 against 357, an Emerald Rapids
// without AMX).
bool has_fast_bf16(Isa isa);

// A matrix of floats with any strides (in elements), one of which is 1 for bf16: element (i, j) is
// data[i * row_stride + j * col_stride].
struct MatrixView {
  const float* data;
  int64_t row_stride, col_stride;
};

struct Epilogue {
  const float* bias = nullptr;               // [N], added to each row
  Activation activation = Activation::none;  // after the bias
  const float* residual = nullptr;           // [M, N] with stride ldc, added last
};

// Bytes of the packed form of B[K,N]; 64-byte aligned memory is expected.
size_t packed_bytes(Precision precision, Isa isa, int64_t k, int64_t n);
// f32 and bf16: from floats. `b` is [K,N] under its strides (a weight stored [N,K] is {w, 1, K}).
void pack_b(Precision precision, Isa isa, MatrixView b, int64_t k, int64_t n, void* packed, Worker& worker);
// Stored weights in [-64, 63]: that of depth k and column n is data[k * row_stride + n * col_stride].
struct ByteView {
  const int8_t* data;
  int64_t row_stride, col_stride;
};
// s8: from weights and scales[N]: real weight = w * scale.
void pack_b_s8(Isa isa, ByteView w, const float* scales, int64_t k, int64_t n, void* packed, Worker& worker);

// Per-thread scratch that gemm() needs (Worker::scratch must be at least this large).
size_t gemm_scratch_bytes(Precision precision, Isa isa, int64_t m, int64_t n, int64_t k);
// C[M,N] (row stride ldc) = epilogue(A B). A and C must not overlap.
void gemm(Precision precision, Isa isa, MatrixView a, const void* packed_b, int64_t m, int64_t n, int64_t k,
          float* c, int64_t ldc, const Epilogue& epilogue, Worker& worker);
// Several products of one A, each [M,N]: its rows are prepared (quantized, rounded) once for all, and the
// threads meet once. The same bits, and the same scratch, as one after the other.
struct Product {
  const void* packed_b;
  float* c;
  Epilogue epilogue;
};
void gemm_shared(Precision precision, Isa isa, MatrixView a, std::span<const Product> products, int64_t m,
                 int64_t n, int64_t k, int64_t ldc, Worker& worker);

}  // namespace frugal

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frugal/ops/gemm/peak_loops.cc"
#include <hwy/foreach_target.h>
// After foreach_target.h
#include <hwy/highway.h>

#include "frugal/ops/gemm/peak_loops.h"

HWY_BEFORE_NAMESPACE();
namespace frugal::gemm_internal {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

double SpinF32(int64_t steps) {
  constexpr int kSums = 10;  // two pipes of latency 4 need 8; 16 registers hold 10 and the operands
  const hn::ScalableTag<float> d;
  hn::Vec<decltype(d)> sums[kSums];
  for (int i = 0; i < kSums; ++i) sums[i] = hn::Set(d, static_cast<float>(i));
  auto x = hn::Set(d, 0.5f), y = hn::Set(d, 0.25f);
  for (int64_t step = 0; step < steps; ++step) {
#pragma GCC unroll 10
    for (int i = 0; i < kSums; ++i) sums[i] = hn::MulAdd(sums[i], x, y);
  }
  auto total = hn::Zero(d);
  for (const auto& sum : sums) total = hn::Add(total, sum);
  volatile float sink = hn::GetLane(total);
  (void)sink;
  return 2.0 * kSums * hn::Lanes(d) * steps;
}

double ReadBytes(const std::byte* data, size_t bytes) {
  const hn::ScalableTag<uint32_t> d;
  constexpr size_t kLine = 64;
  const size_t lanes = hn::Lanes(d) * 4;
  auto a = hn::Zero(d), b = a;
  for (size_t i = 0; i < bytes; i += 2 * kLine)
    for (size_t j = 0; j < kLine; j += lanes) {
      a = hn::Xor(a, hn::Load(d, reinterpret_cast<const uint32_t*>(data + i + j)));
      b = hn::Xor(b, hn::Load(d, reinterpret_cast<const uint32_t*>(data + i + kLine + j)));
    }
  volatile uint32_t sink = hn::GetLane(hn::Xor(a, b));
  (void)sink;
  return static_cast<double>(bytes);
}

}  // namespace HWY_NAMESPACE
}  // namespace frugal::gemm_internal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace frugal::gemm_internal {
HWY_EXPORT(SpinF32);
HWY_EXPORT(ReadBytes);
double spin_f32(int64_t steps) { return HWY_DYNAMIC_DISPATCH(SpinF32)(steps); }
double read_bytes(const std::byte* data, size_t bytes) {
  return HWY_DYNAMIC_DISPATCH(ReadBytes)(data, bytes);
}

#if !defined(__x86_64__)
double spin_bf16(Isa, int64_t) { return 0; }
double spin_s8(Isa, int64_t) { return 0; }
#endif
}  // namespace frugal::gemm_internal
#endif

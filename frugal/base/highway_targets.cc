// The three functions that Highway's headers call, in place of its library, which is not linked: when it is
// loaded, a static initializer of its benchmark measures the CPU's timer, 4 ms of every start (`frugal
// --version` took 8.7 ms).
#include <hwy/targets.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace {

// As Highway 1.0.3 has it; only targets that frugal is compiled for are told of.
int64_t machine_targets() {
  int64_t targets = HWY_ENABLED_BASELINE;
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned kF16c = 1u << 29, kLzcnt = 1u << 5;
  const bool f16c = __get_cpuid(1, &a, &b, &c, &d) && (c & kF16c) != 0;
  const bool lzcnt = __get_cpuid(0x80000001, &a, &b, &c, &d) && (c & kLzcnt) != 0;
  // These ask the system, too: whether it keeps the wide registers.
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  if (!avx2 || !f16c || !lzcnt) return targets;
  targets |= HWY_AVX2;
  constexpr unsigned kVbmi = 1u << 1, kVbmi2 = 1u << 6, kGfni = 1u << 8, kVaes = 1u << 9, kClmul = 1u << 10,
                     kVnni = 1u << 11, kBitalg = 1u << 12, kPopcnt = 1u << 14;
  constexpr unsigned kIceLake = kVbmi | kVbmi2 | kGfni | kVaes | kClmul | kVnni | kBitalg | kPopcnt;
  const bool ice_lake = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c & kIceLake) == kIceLake;
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw");
  if (avx512 && ice_lake) targets |= HWY_AVX3_DL;
#endif
  return targets;
}

int64_t for_test = 0;  // 0: the machine's

}  // namespace

namespace hwy {

ChosenTarget& GetChosenTarget() {
  static ChosenTarget chosen;
  return chosen;
}

int64_t SupportedTargets() {
  static const int64_t machine = machine_targets();
  return for_test != 0 ? for_test : machine;
}

void SetSupportedTargetsForTest(int64_t targets) {
  for_test = targets;
  GetChosenTarget().DeInit();
}

}  // namespace hwy

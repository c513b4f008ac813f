#include "frugal/base/isa.h"

#include <hwy/targets.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>

#include "frugal/base/error.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace frugal {
namespace {

constexpr std::array<std::string_view, 5> kNames{"generic", "avx2", "avx512", "avx512_fp16", "amx"};

struct Registers {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

// CPUID's leaf 7; all zero where there is none.
Registers extended_features([[maybe_unused]] unsigned subleaf) {
  Registers r;
#if defined(__x86_64__)
  if (!__get_cpuid_count(7, subleaf, &r.a, &r.b, &r.c, &r.d)) return {};
#endif
  return r;
}

// As Highway asks for it: its kernels may use what these targets include.
bool has_avx2() {
#if defined(__x86_64__)
  Registers r;
  constexpr unsigned kF16c = 1u << 29, kLzcnt = 1u << 5;
  const bool f16c = __get_cpuid(1, &r.a, &r.b, &r.c, &r.d) && (r.c & kF16c) != 0;
  const bool lzcnt = __get_cpuid(0x80000001, &r.a, &r.b, &r.c, &r.d) && (r.c & kLzcnt) != 0;
  // The builtins ask the system, too: whether it keeps the wide registers.
  return f16c && lzcnt && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
#else
  return false;
#endif
}

// HWY_AVX3_DL
bool has_avx512() {
#if defined(__x86_64__)
  constexpr unsigned kVbmi = 1u << 1, kVbmi2 = 1u << 6, kGfni = 1u << 8, kVaes = 1u << 9, kClmul = 1u << 10,
                     kVnni = 1u << 11, kBitalg = 1u << 12, kPopcnt = 1u << 14;
  constexpr unsigned kAll = kVbmi | kVbmi2 | kGfni | kVaes | kClmul | kVnni | kBitalg | kPopcnt;
  return has_avx2() && (extended_features(0).c & kAll) == kAll && __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
#else
  return false;
#endif
}

// AMX needs the CPU's bits and, on Linux, permission for the 8 KiB of tile state.
bool amx_usable() {
#if defined(__x86_64__)
  constexpr unsigned kBf16 = 1u << 22, kTile = 1u << 24, kInt8 = 1u << 25, kAll = kBf16 | kTile | kInt8;
  if ((extended_features(0).d & kAll) != kAll) return false;
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

std::optional<Isa> used;  // by Highway's kernels; none: the machine's

}  // namespace

std::string_view name_of(Isa isa) { return kNames[static_cast<size_t>(isa)]; }

Isa machine_isa() {
  static const Isa machine = [] {  // once: a virtual machine's host answers each CPUID
    if (has_avx512()) return amx_usable() ? Isa::amx : has_avx512_fp16() ? Isa::avx512_fp16 : Isa::avx512;
    return has_avx2() ? Isa::avx2 : Isa::generic;
  }();
  return machine;
}

std::vector<Isa> supported_isas() {
  std::vector<Isa> isas;
  for (int i = 0; i <= static_cast<int>(machine_isa()); ++i) isas.push_back(static_cast<Isa>(i));
  return isas;
}

Isa isa_from_name(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end())
    throw UsageError(fmt::format("unknown instruction set '{}'", name),
                     fmt::format("one of {}", fmt::join(kNames, ", ")));
  const Isa isa = static_cast<Isa>(found - kNames.begin());
  if (isa > machine_isa())
    throw UsageError(fmt::format("this machine has no {} (its best is {})", name, name_of(machine_isa())));
  return isa;
}

Isa isa_from_environment() {
  const char* name = std::getenv("FRUGAL_ISA");
  return name && *name ? isa_from_name(name) : machine_isa();
}

void use_isa(Isa isa) {
  if (isa == Isa::amx) amx_usable();  // asks for the permission, once a process is enough
  used = isa;
  hwy::GetChosenTarget().DeInit();
}

bool has_avx512_bf16() { return (extended_features(1).a & (1u << 5)) != 0; }
bool has_avx512_fp16() { return (extended_features(0).d & (1u << 23)) != 0; }

}  // namespace frugal

// The two functions that Highway's headers call, in place of its library, which is not linked: when it is
// loaded, a static initializer of its benchmark measures the CPU's timer, 4 ms of every start (`frugal
// --version` took 8.7 ms).
namespace hwy {

ChosenTarget& GetChosenTarget() {
  static ChosenTarget chosen;
  return chosen;
}

int64_t SupportedTargets() {
  int64_t targets = HWY_ENABLED_BASELINE;
#if defined(__x86_64__)
  using frugal::Isa;
  const Isa isa = frugal::used ? *frugal::used : frugal::machine_isa();
  if (isa >= Isa::avx2) targets |= HWY_AVX2;
  if (isa >= Isa::avx512) targets |= HWY_AVX3_DL;
#endif
  return targets;
}

}  // namespace hwy

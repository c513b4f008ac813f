#include "frugal/base/isa.h"

#include <hwy/highway.h>
#include <hwy/targets.h>

#include <algorithm>
#include <array>
#include <cstdlib>

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

}  // namespace

std::string_view name_of(Isa isa) { return kNames[static_cast<size_t>(isa)]; }

Isa machine_isa() {
#if defined(__x86_64__)
  hwy::SetSupportedTargetsForTest(0);  // forget an earlier choice: ask the CPU
  const int64_t targets = hwy::SupportedTargets();
  if (targets & HWY_AVX3_DL)
    return amx_usable() ? Isa::amx : has_avx512_fp16() ? Isa::avx512_fp16 : Isa::avx512;
  if (targets & HWY_AVX2) return Isa::avx2;
#endif
  return Isa::generic;
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
#if defined(__x86_64__)
  if (isa == Isa::amx) amx_usable();  // asks for the permission, once a process is enough
  hwy::SetSupportedTargetsForTest(0);
  const int64_t machine = hwy::SupportedTargets();
  int64_t mask = machine;
  // A Highway target is better the lower its bit: drop all better than asked for.
  if (isa < Isa::avx512) mask &= ~(HWY_AVX3_DL | (HWY_AVX3_DL - 1)) & ~HWY_AVX3;
  if (isa < Isa::avx2) mask &= ~((HWY_AVX2 << 1) - 1) & ~(HWY_SSSE3 | HWY_SSE4);
  hwy::SetSupportedTargetsForTest(mask);
#endif
}

bool has_avx512_bf16() { return (extended_features(1).a & (1u << 5)) != 0; }
bool has_avx512_fp16() { return (extended_features(0).d & (1u << 23)) != 0; }

}  // namespace frugal

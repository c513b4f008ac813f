// Which instruction set the kernels use: the best the machine has, or what FRUGAL_ISA asks for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace frugal {

// In rising order; each one includes the ones before it.
enum class Isa {
  generic,
  avx2,
  avx512,       // with VNNI (Ice Lake, Zen 4)
  avx512_fp16,  // arithmetic in halves (Sapphire Rapids)
  amx           // tiles of bf16 and int8 (Sapphire Rapids)
};

std::string_view name_of(Isa isa);
Isa machine_isa();                  // the best this CPU and kernel support
std::vector<Isa> supported_isas();  // all that this machine can run, rising
// Parses "generic", "avx2", ...; throws UsageError for an unknown name or one the machine lacks.
Isa isa_from_name(std::string_view name);
// FRUGAL_ISA if set, else machine_isa().
Isa isa_from_environment();
// Makes the Highway kernels of this process use at most `isa`. Not while kernels run.
void use_isa(Isa isa);

bool has_avx512_bf16();  // vdpbf16ps, beside avx512
bool has_avx512_fp16();

}  // namespace frugal

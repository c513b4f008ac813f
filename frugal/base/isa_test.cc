#include "frugal/base/isa.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

namespace frugal {
namespace {

// What the CPU has, as the kernel found it.
std::set<std::string> kernel_flags() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("flags")) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    return {std::istream_iterator<std::string>(words), {}};
  }
  return {};
}

TEST(Isa, IsWhatTheKernelSaysTheMachineHas) {
  const std::set<std::string> flags = kernel_flags();
  if (flags.empty()) GTEST_SKIP() << "no flags in /proc/cpuinfo";
  const auto all = [&](std::initializer_list<const char*> names) {
    return std::all_of(names.begin(), names.end(), [&](const char* name) { return flags.count(name) > 0; });
  };
  const bool avx2 = all({"avx2", "fma", "bmi1", "bmi2", "f16c", "abm"});
  const bool avx512 =
      avx2 && all({"avx512f", "avx512vl", "avx512cd", "avx512dq", "avx512bw", "avx512vbmi", "avx512_vbmi2",
                   "gfni", "vaes", "vpclmulqdq", "avx512_vnni", "avx512_bitalg", "avx512_vpopcntdq"});
  EXPECT_EQ(machine_isa() >= Isa::avx2, avx2);
  EXPECT_EQ(machine_isa() >= Isa::avx512, avx512);
  EXPECT_EQ(machine_isa() >= Isa::avx512_fp16, avx512 && all({"avx512_fp16"}));
}

}  // namespace
}  // namespace frugal

// Any bytes as a state dict's pickle, its storages "0" to "9" having that many times 8 bytes: refused by an
// Error, or read, and wholly readable.
#include <cstdint>
#include <string>

#include "frugal/base/error.h"
#include "frugal/io/torch_tensor.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace frugal;
  const std::string memory(72, 'm');
  const auto storage = [&](std::string_view key) {
    if (key.size() != 1 || key[0] < '0' || key[0] > '9') throw Error("fuzz", "no such storage");
    return std::string_view(memory).substr(0, 8 * static_cast<size_t>(key[0] - '0'));
  };
  try {
    const Pickle pickle = parse_pickle({reinterpret_cast<const char*>(data), size}, "fuzz");
    uint64_t sum = 0;
    for (const auto& [name, tensor] : torch_tensors(pickle, "fuzz", storage, nullptr, size))
      for (size_t i = 0; i < tensor.byte_count(); ++i) sum += static_cast<const uint8_t*>(tensor.bytes())[i];
    if (sum > uint64_t{'m'} * ((1 << 20) + 72 * size)) __builtin_trap();
  } catch (const Error&) {
  }
  return 0;
}

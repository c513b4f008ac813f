// Any bytes as a file of torch.save, an archive or the older format: refused by an Error, or read, and wholly
// readable. Mutations of an archive's headers get past its checksums, those of its pickle do not: these are
// torch_pickle_fuzz.cc's.
#include <cstdint>

#include "frugal/base/error.h"
#include "frugal/io/torch_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace frugal;
  try {
    const TensorFile file = parse_torch({reinterpret_cast<const char*>(data), size}, "fuzz", nullptr);
    uint64_t sum = 0;
    for (const auto& [name, tensor] : file.tensors)
      for (size_t i = 0; i < tensor.byte_count(); ++i) sum += static_cast<const uint8_t*>(tensor.bytes())[i];
    if (sum == ~uint64_t{0}) __builtin_trap();  // so that the loop is not left out
  } catch (const Error&) {
  }
  return 0;
}

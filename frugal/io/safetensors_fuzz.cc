// Any bytes as a safetensors file: refused by an Error, or read, wholly readable, and written back to the
// same.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "frugal/base/error.h"
#include "frugal/io/safetensors.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

// Most mutations go into the JSON, and the length field follows: otherwise few inputs come past it.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  uint64_t header = 0;
  if (size >= 8) std::memcpy(&header, data, 8);
  if (size < 8 || header > size - 8 || seed % 8 == 0) return LLVMFuzzerMutate(data, size, max_size);
  const std::string tail(reinterpret_cast<char*>(data) + 8 + header, size - 8 - header);
  if (max_size < 8 + tail.size()) return LLVMFuzzerMutate(data, size, max_size);
  header = LLVMFuzzerMutate(data + 8, header, max_size - 8 - tail.size());
  std::memcpy(data, &header, 8);
  std::memcpy(data + 8 + header, tail.data(), tail.size());
  return 8 + header + tail.size();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace frugal;
  try {
    const TensorFile file = parse_safetensors({reinterpret_cast<const char*>(data), size}, "fuzz", nullptr,
                                              {.header_bytes = 4096, .tensors = 64});
    std::string again = safetensors_header(file.tensors, file.metadata, "fuzz");
    for (size_t width : {8, 4, 2, 1})
      for (const auto& [name, tensor] : file.tensors)
        if (size_of(tensor.type()) == width)
          again.append(static_cast<const char*>(tensor.bytes()), tensor.byte_count());
    const TensorFile twice = parse_safetensors(again, "again", nullptr);
    if (twice.metadata != file.metadata || twice.tensors.size() != file.tensors.size()) std::abort();
    for (const auto& [name, tensor] : file.tensors) {
      const Tensor& other = twice.tensors.at(name);
      if (other.type() != tensor.type() || other.shape() != tensor.shape()) std::abort();
      if (tensor.byte_count() > 0 && std::memcmp(other.bytes(), tensor.bytes(), tensor.byte_count()) != 0)
        std::abort();
    }
  } catch (const Error&) {
  }
  return 0;
}

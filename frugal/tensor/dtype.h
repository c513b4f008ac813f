// Element types, named as the safetensors format names them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace frugal {

// The floats last: is_float.
enum class DType : uint8_t { boolean, u8, i8, u16, i16, u32, i32, u64, i64, f16, bf16, f32, f64 };

size_t size_of(DType type);            // bytes of one element
std::string_view name_of(DType type);  // "F32", "I64", ...
std::optional<DType> dtype_from_name(std::string_view name);
inline bool is_float(DType type) { return type >= DType::f16; }

float f16_to_f32(uint16_t bits);
uint16_t f32_to_f16(float value);  // rounds to nearest even
inline float bf16_to_f32(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  __builtin_memcpy(&value, &wide, 4);
  return value;
}
uint16_t f32_to_bf16(float value);  // rounds to nearest even, keeps NaN a NaN

}  // namespace frugal

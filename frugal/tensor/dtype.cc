#include "frugal/tensor/dtype.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>

namespace frugal {
namespace {

struct Row {
  DType type;
  std::string_view name;
  size_t bytes;
};

constexpr std::array<Row, 13> kTypes{{{DType::boolean, "BOOL", 1},
                                      {DType::u8, "U8", 1},
                                      {DType::i8, "I8", 1},
                                      {DType::u16, "U16", 2},
                                      {DType::i16, "I16", 2},
                                      {DType::u32, "U32", 4},
                                      {DType::i32, "I32", 4},
                                      {DType::u64, "U64", 8},
                                      {DType::i64, "I64", 8},
                                      {DType::f16, "F16", 2},
                                      {DType::bf16, "BF16", 2},
                                      {DType::f32, "F32", 4},
                                      {DType::f64, "F64", 8}}};

}  // namespace

size_t size_of(DType type) { return kTypes[static_cast<size_t>(type)].bytes; }
std::string_view name_of(DType type) { return kTypes[static_cast<size_t>(type)].name; }

std::optional<DType> dtype_from_name(std::string_view name) {
  for (const Row& row : kTypes)
    if (row.name == name) return row.type;
  return std::nullopt;
}

// A half's exponent and mantissa, put where a float has them, are the value over 2^112, subnormal ones too.
float f16_to_f32(uint16_t bits) {
  const uint32_t magnitude = static_cast<uint32_t>(bits & 0x7fff) << 13;
  float value = std::bit_cast<float>(magnitude) * 0x1p112f;
  if (magnitude >= 0x0f800000) value = std::bit_cast<float>(magnitude | 0x7f800000);  // infinity or NaN
  return bits & 0x8000 ? -value : value;
}

uint16_t f32_to_f16(float value) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  if (std::isnan(value)) return sign | 0x7e00;
  const float magnitude = std::fabs(value);
  if (magnitude >= 65520.0f) return sign | 0x7c00;
  if (magnitude < 6.103515625e-05f)  // subnormal: the unit is 2^-24
    return sign | static_cast<uint16_t>(std::nearbyint(std::ldexp(magnitude, 24)));
  int exponent;
  const float fraction = std::frexp(magnitude, &exponent);                          // in [0.5, 1)
  const int mantissa = static_cast<int>(std::nearbyint(std::ldexp(fraction, 11)));  // 1024..2048
  return sign | static_cast<uint16_t>(((exponent + 14) << 10) + mantissa - 1024);
}

uint16_t f32_to_bf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  if (std::isnan(value)) return static_cast<uint16_t>(bits >> 16) | 0x40;
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

}  // namespace frugal

#include "frugal/tensor/dtype.h"

#include <gtest/gtest.h>

#include <cmath>

namespace frugal {
namespace {

TEST(DType, HalfRoundTripsEveryFiniteValue) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = f16_to_f32(static_cast<uint16_t>(bits));
    if (std::isnan(value)) continue;
    EXPECT_EQ(f32_to_f16(value), bits);
  }
}

TEST(DType, HalfIsWhatItsFieldsSay) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
    const double magnitude = exponent == 0    ? std::ldexp(mantissa, -24)
                             : exponent == 31 ? (mantissa ? NAN : INFINITY)
                                              : std::ldexp(1024 + mantissa, exponent - 25);
    const double expected = bits & 0x8000 ? -magnitude : magnitude,
                 value = f16_to_f32(static_cast<uint16_t>(bits));
    EXPECT_TRUE(value == expected || (std::isnan(value) && std::isnan(expected))) << bits;
    EXPECT_EQ(std::signbit(value), std::signbit(expected)) << bits;
  }
}

TEST(DType, HalfRoundsToNearestEven) {
  EXPECT_EQ(f32_to_f16(1.0f + 1.0f / 2048), 0x3c00);  // a tie goes to the even mantissa
  EXPECT_EQ(f32_to_f16(1.0f + 3.0f / 2048), 0x3c02);
  EXPECT_EQ(f32_to_f16(65520.0f), 0x7c00);  // first value that rounds to infinity
  EXPECT_EQ(f32_to_f16(65519.0f), 0x7bff);
}

TEST(DType, Bfloat16RoundsAndKeepsNaN) {
  EXPECT_EQ(f32_to_bf16(1.0f + 1.0f / 256), 0x3f80);
  EXPECT_EQ(f32_to_bf16(1.0f + 3.0f / 256), 0x3f82);
  EXPECT_TRUE(std::isnan(bf16_to_f32(f32_to_bf16(NAN))));
}

}  // namespace
}  // namespace frugal

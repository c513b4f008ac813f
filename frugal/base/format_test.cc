#include "frugal/base/format.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace frugal {
namespace {

TEST(Format, Counts) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1000), "1,000");
  EXPECT_EQ(format_count(1234567), "1,234,567");
  EXPECT_EQ(format_count(-123456), "-123,456");
  EXPECT_EQ(format_count(std::numeric_limits<int64_t>::min()), "-9,223,372,036,854,775,808");
}

TEST(Format, Units) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(999), "999 B");
  EXPECT_EQ(format_bytes(1000), "1.0 kB");
  EXPECT_EQ(format_bytes(7.6e6), "7.6 MB");
  EXPECT_EQ(format_bytes(999.96e6), "1.0 GB");
  EXPECT_EQ(format_si(1.2e9, "FLOP"), "1.2 GFLOP");
  EXPECT_EQ(format_si(0.25, "Wh"), "0.25 Wh");
  EXPECT_EQ(format_si(-2e3, "W"), "-2.0 kW");
}

TEST(Format, Durations) {
  EXPECT_EQ(format_duration(0), "0:00");
  EXPECT_EQ(format_duration(59.6), "1:00");
  EXPECT_EQ(format_duration(62), "1:02");
  EXPECT_EQ(format_duration(3599.6), "1:00:00");
  EXPECT_EQ(format_duration(7384), "2:03:04");
  EXPECT_EQ(format_duration(-1), "?");
  EXPECT_EQ(format_duration(std::nan("")), "?");
  EXPECT_EQ(format_duration(INFINITY), "?");
}

TEST(Format, Numbers) {
  EXPECT_EQ(format_percent(0.9264), "92.6 %");
  EXPECT_EQ(format_percent(1, 0), "100 %");
  EXPECT_EQ(format_number(0.12345, 3), "0.123");
  EXPECT_EQ(format_number(5310.2, 3), "5,310");
  EXPECT_EQ(format_number(1.5, 3), "1.5");
  EXPECT_EQ(format_number(100, 3), "100");
  EXPECT_EQ(format_number(-0.00012345, 2), "-0.00012");
  EXPECT_EQ(format_number(1e-9, 3), "1e-09");
  EXPECT_EQ(format_number(std::nan(""), 3), "nan");
}

}  // namespace
}  // namespace frugal

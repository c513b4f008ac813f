// Numbers for people: "1,234,567", "7.6 MB", "1.2 GFLOP", "2:03:04", "92.6 %". Always a point, never the
// locale.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace frugal {

std::string format_count(int64_t value);                          // 1,234,567
std::string format_bytes(double bytes);                           // 512 B, 7.6 MB; powers of 1000
std::string format_si(double value, std::string_view unit);       // 1.2 GFLOP; powers of 1000, from k to E
std::string format_duration(double seconds);                      // 0:05, 1:02, 2:03:04; below 0 or NaN: "?"
std::string format_percent(double fraction, int digits = 1);      // 0.926 -> "92.6 %"
std::string format_number(double value, int significant_digits);  // 0.1234 -> "0.123", 5310.2 -> "5,310"

}  // namespace frugal

#include "frugal/base/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace frugal {
namespace {

std::string with_commas(std::string digits) {
  for (int64_t at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<size_t>(at), 1, ',');
  return digits;
}

std::string scaled(double value, std::string_view unit, std::string_view plain_unit) {
  constexpr const char* kPrefix[] = {"", "k", "M", "G", "T", "P", "E"};
  size_t prefix = 0;
  // 999.95 would print as 1000.0 of the smaller unit.
  for (; std::abs(value) >= (prefix == 0 ? 1000 : 999.95) && prefix + 1 < std::size(kPrefix); ++prefix)
    value /= 1000;
  if (prefix == 0) return fmt::format("{} {}", format_number(value, 3), plain_unit);
  return fmt::format("{:.1f} {}{}", value, kPrefix[prefix], unit);
}

}  // namespace

std::string format_count(int64_t value) {
  const uint64_t magnitude = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  return fmt::format("{}{}", value < 0 ? "-" : "", with_commas(fmt::format("{}", magnitude)));
}

std::string format_bytes(double bytes) { return scaled(std::round(bytes), "B", "B"); }

std::string format_si(double value, std::string_view unit) { return scaled(value, unit, unit); }

std::string format_duration(double seconds) {
  if (!(seconds >= 0) || seconds > 1e10) return "?";
  const int64_t s = std::llround(seconds);
  if (s < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
  return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

std::string format_percent(double fraction, int digits) {
  return fmt::format("{:.{}f} %", 100 * fraction, digits);
}

std::string format_number(double value, int significant_digits) {
  if (!std::isfinite(value)) return fmt::format("{}", value);
  if (value == 0) return "0";
  const double magnitude = std::abs(value);
  if (magnitude >= 1e15 || magnitude < 1e-4) return fmt::format("{:.{}g}", value, significant_digits);
  // Digits after the point so that the first `significant_digits` digits show; whole digits always do.
  const int first = static_cast<int>(std::floor(std::log10(magnitude)));
  std::string text = fmt::format("{:.{}f}", magnitude, std::max(0, significant_digits - 1 - first));
  const size_t point = std::min(text.find('.'), text.size());
  std::string fraction = text.substr(point);
  while (!fraction.empty() && (fraction.back() == '0' || fraction.back() == '.')) {
    const bool done = fraction.back() == '.';
    fraction.pop_back();
    if (done) break;
  }
  return fmt::format("{}{}{}", value < 0 ? "-" : "", with_commas(text.substr(0, point)), fraction);
}

}  // namespace frugal

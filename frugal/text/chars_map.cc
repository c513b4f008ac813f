#include "frugal/text/chars_map.h"

#include <fmt/format.h>

#include <cstring>

#include "frugal/base/error.h"
#include "frugal/text/utf8.h"

namespace frugal {
namespace {

// A unit is a node: bits 0-7 the byte that leads to it, bit 8 whether a rule ends here, bits 9-31 where its
// children are, relative to it. Or it is the number of a rule: bit 31 is set, the rest is the number.
constexpr uint32_t kIsNumber = 1u << 31;

// NFKC's longest has 33.
constexpr size_t kMostReplacementBytes = 256;

bool ends_rule(uint32_t unit) { return unit >> 8 & 1; }
uint32_t children(uint32_t unit) { return unit >> 10 << ((unit & 1u << 9) >> 6); }
bool is_led_to_by(uint32_t unit, uint8_t byte) { return (unit & (kIsNumber | 0xff)) == byte; }

uint32_t little_endian(const char* at) {
  const auto byte = [&](int i) { return uint32_t{static_cast<uint8_t>(at[i])}; };
  return byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
}

}  // namespace

CharsMap::CharsMap(std::string_view compiled, const std::string& where) {
  if (compiled.empty()) return;
  const auto refuse = [&](const std::string& what) -> void {
    throw Error(where, "the map of characters is damaged: " + what);
  };
  if (compiled.size() < 4) refuse("it is cut short");
  const size_t bytes = little_endian(compiled.data());
  if (bytes == 0 || bytes % 4 != 0 || bytes >= compiled.size() - 4)
    refuse(fmt::format("it says {} bytes of rules, {} are there", bytes, compiled.size() - 4));
  units_.resize(bytes / 4);
  for (size_t i = 0; i < units_.size(); ++i) units_[i] = little_endian(compiled.data() + 4 + 4 * i);
  replacements_ = compiled.substr(4 + bytes);
  if (replacements_.back() != '\0') refuse("the last replacement has no end");
  if (!is_utf8(replacements_)) refuse("a replacement is not UTF-8");
  for (uint32_t i = 0; i < units_.size(); ++i) {
    if (units_[i] & kIsNumber || !ends_rule(units_[i])) continue;
    const uint32_t number_at = i ^ children(units_[i]);
    if (number_at >= units_.size() || !(units_[number_at] & kIsNumber))
      refuse(fmt::format("rule {} has no replacement", i));
    const uint32_t number = units_[number_at] & ~kIsNumber;
    // Not into the middle of a character, either.
    if (number >= replacements_.size() || (static_cast<uint8_t>(replacements_[number]) & 0xc0) == 0x80)
      refuse(fmt::format("rule {} has no replacement", i));
    if (std::strlen(replacements_.c_str() + number) > kMostReplacementBytes)
      refuse(fmt::format("the replacement of rule {} has more than {} bytes", i, kMostReplacementBytes));
  }
}

CharsMap::Match CharsMap::longest(std::string_view text) const {
  if (units_.empty()) return {};
  size_t size = 0;
  uint32_t number = 0, at = children(units_[0]);
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    at ^= byte;
    if (at >= units_.size() || !is_led_to_by(units_[at], byte)) break;
    const uint32_t unit = units_[at];
    at ^= children(unit);
    if (ends_rule(unit)) size = i + 1, number = units_[at] & ~kIsNumber;
  }
  if (size == 0) return {};
  return {replacements_.c_str() + number, size};
}

bool CharsMap::goes_on(char first, char second) const {
  if (units_.empty()) return false;
  uint32_t at = children(units_[0]);
  for (const char c : {first, second}) {
    const auto byte = static_cast<uint8_t>(c);
    at ^= byte;
    if (at >= units_.size() || !is_led_to_by(units_[at], byte)) return false;
    at ^= children(units_[at]);
  }
  return true;
}

}  // namespace frugal

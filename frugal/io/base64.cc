#include "frugal/io/base64.h"

#include <fmt/format.h>

#include <algorithm>

#include "frugal/base/error.h"

namespace frugal {

std::string from_base64(std::string_view text, const std::string& where) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint8_t values[256];
  std::fill(std::begin(values), std::end(values), uint8_t{0xff});
  for (size_t i = 0; i < kDigits.size(); ++i)
    values[static_cast<uint8_t>(kDigits[i])] = static_cast<uint8_t>(i);

  const size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  if (text.size() % 4 != 0)
    throw Error(where, fmt::format("base64 of {} characters is cut short", text.size()));
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  uint32_t group = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const uint8_t value = i + padding < text.size() ? values[static_cast<uint8_t>(text[i])] : uint8_t{0};
    if (value == 0xff)
      throw Error(where, fmt::format("character {} of a base64 text is none of its digits", i));
    group = group << 6 | value;
    if (i % 4 != 3) continue;
    for (const int shift : {16, 8, 0}) bytes += static_cast<char>(group >> shift & 0xff);
    group = 0;
  }
  for (size_t i = 0; i < padding; ++i) bytes.pop_back();
  return bytes;
}

}  // namespace frugal

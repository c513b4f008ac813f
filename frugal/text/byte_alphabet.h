// The 256 bytes as visible characters, as GPT-2's vocabulary writes its pieces: "\u0120the" is " the".
//
// Printable Latin-1 stands for itself; the other 68 bytes are U+0100 ... U+0143 in their order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "frugal/text/utf8.h"

namespace frugal {

constexpr bool is_shown_as_itself(uint32_t byte) {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xff && byte != 0xad);
}

constexpr char32_t byte_to_char(uint8_t byte) {
  if (is_shown_as_itself(byte)) return byte;
  char32_t before = 0;
  for (uint32_t b = 0; b < byte; ++b) before += !is_shown_as_itself(b);
  return 0x100 + before;
}

// -1: no byte's character.
constexpr int char_to_byte(char32_t code) {
  if (code < 0x100) return is_shown_as_itself(code) ? static_cast<int>(code) : -1;
  for (uint32_t b = 0; b < 0x100; ++b)
    if (byte_to_char(static_cast<uint8_t>(b)) == code) return static_cast<int>(b);
  return -1;
}

inline std::string bytes_to_chars(std::string_view bytes) {
  std::string piece;
  for (const char byte : bytes) append_utf8(piece, byte_to_char(static_cast<uint8_t>(byte)));
  return piece;
}

// Nothing when some character stands for no byte.
inline std::optional<std::string> chars_to_bytes(std::string_view piece) {
  std::string bytes;
  const char* end = piece.data() + piece.size();
  for (const char* at = piece.data(); at != end;) {
    const Utf8Char c = read_utf8(at, end);
    const int byte = c.valid && c.code < 0x144 ? char_to_byte(c.code) : -1;
    if (byte < 0) return std::nullopt;
    bytes += static_cast<char>(byte);
    at += c.size;
  }
  return bytes;
}

}  // namespace frugal

// The 256 bytes as visible characters, as GPT-2's vocabulary writes its pieces: "\u0120the" is " the".
//
// Printable Latin-1 stands for itself; the other 68 bytes are U+0100 ... U+0143 in their order.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "frugal/text/utf8.h"

namespace frugal {

struct ByteAlphabet {
  static constexpr char32_t kEnd = 0x144;  // no byte is this character or one after it

  std::array<char32_t, 256> chars{};  // of each byte
  std::array<int16_t, kEnd> bytes{};  // of each character; -1: no byte's

  constexpr ByteAlphabet() {
    bytes.fill(-1);
    char32_t next = 0x100;
    for (char32_t byte = 0; byte < 0x100; ++byte) {
      const bool printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte != 0xad);
      chars[byte] = printable ? byte : next++;
      bytes[chars[byte]] = static_cast<int16_t>(byte);
    }
  }
};
inline constexpr ByteAlphabet kByteAlphabet;

constexpr char32_t byte_to_char(uint8_t byte) { return kByteAlphabet.chars[byte]; }

// -1: no byte's character.
constexpr int char_to_byte(char32_t code) {
  return code < ByteAlphabet::kEnd ? kByteAlphabet.bytes[code] : -1;
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
    const int byte = c.valid ? char_to_byte(c.code) : -1;
    if (byte < 0) return std::nullopt;
    bytes += static_cast<char>(byte);
    at += c.size;
  }
  return bytes;
}

}  // namespace frugal

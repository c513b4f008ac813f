// UTF-8, one code point at a time, for input that may be broken.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace frugal {

struct Utf8Char {
  char32_t code;  // U+FFFD where the bytes are not UTF-8
  uint32_t size;  // bytes read, at least 1
  bool valid;
};

// Reads at `at` < end. Of broken bytes, each longest start of a character counts as one U+FFFD and anything
// else as one a byte (Unicode 15, section 3.9, "maximal subparts"; Python's errors="replace" does the same).
inline Utf8Char read_utf8(const char* at, const char* end) {
  const auto byte = [&](int i) { return static_cast<uint8_t>(at[i]); };
  const auto follows = [&](int i, uint8_t least = 0x80, uint8_t most = 0xbf) {
    return end - at > i && byte(i) >= least && byte(i) <= most;
  };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  if (lead < 0xc2 || lead > 0xf4) return {0xfffd, 1, false};
  if (lead < 0xe0) {
    if (!follows(1)) return {0xfffd, 1, false};
    return {static_cast<char32_t>((lead & 0x1f) << 6 | (byte(1) & 0x3f)), 2, true};
  }
  if (lead < 0xf0) {  // no over-long forms, no surrogates
    if (!follows(1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf)) return {0xfffd, 1, false};
    if (!follows(2)) return {0xfffd, 2, false};
    return {static_cast<char32_t>((lead & 0xf) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f)), 3, true};
  }
  if (!follows(1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf)) return {0xfffd, 1, false};
  if (!follows(2)) return {0xfffd, 2, false};
  if (!follows(3)) return {0xfffd, 3, false};
  return {static_cast<char32_t>((lead & 7) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 |
                                (byte(3) & 0x3f)),
          4, true};
}

// Writes 1 to 4 bytes at `to` and returns how many. `code` must be a Unicode scalar value.
inline int write_utf8(char32_t code, char* to) {
  const auto put = [&](int i, char32_t value) { to[i] = static_cast<char>(value); };
  if (code < 0x80) return put(0, code), 1;
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr char32_t kLead[] = {0, 0xc0, 0xe0, 0xf0};
  put(0, kLead[more] | code >> (6 * more));
  for (int i = 1; i <= more; ++i) put(i, 0x80 | (code >> (6 * (more - i)) & 0x3f));
  return more + 1;
}

inline void append_utf8(std::string& text, char32_t code) {
  char bytes[4];
  text.append(bytes, static_cast<size_t>(write_utf8(code, bytes)));
}

inline bool is_utf8(std::string_view text) {
  const char* end = text.data() + text.size();
  for (const char* at = text.data(); at != end;) {
    const Utf8Char c = read_utf8(at, end);
    if (!c.valid) return false;
    at += c.size;
  }
  return true;
}

// The text with U+FFFD in place of broken bytes.
inline std::string repair_utf8(std::string_view bytes) {
  std::string text;
  const char* const end = bytes.data() + bytes.size();
  for (const char* at = bytes.data(); at != end;) {
    const Utf8Char c = read_utf8(at, end);
    append_utf8(text, c.code);
    at += c.size;
  }
  return text;
}

}  // namespace frugal

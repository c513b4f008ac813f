#include "frugal/text/compose.h"

#include <utf8proc.h>

#include <cstdlib>
#include <memory>

#include "frugal/base/error.h"
#include "frugal/text/unicode.h"
#include "frugal/text/utf8.h"

namespace frugal {
namespace {

// Below it, no character changes, or changes with what stands before it.
constexpr char32_t kFirstMark = 0x300;

}  // namespace

std::string compose(std::string_view text) {
  utf8proc_uint8_t* bytes = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(
      reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
      &bytes, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, void (*)(void*)> owner(bytes, std::free);
  if (size < 0) throw Error("", fmt::format("cannot compose a text: {}", utf8proc_errmsg(size)));
  return {reinterpret_cast<const char*>(bytes), static_cast<size_t>(size)};
}

bool is_composed(std::string_view text) {
  const char* const end = text.data() + text.size();
  bool plain = true;
  for (const char* at = text.data(); at != end;) {
    const Utf8Char c = read_utf8(at, end);
    if (!c.valid) return false;
    plain &= c.code < kFirstMark;
    at += c.size;
  }
  return plain || compose(text) == text;
}

std::vector<std::pair<size_t, size_t>> composed_parts(std::string_view text) {
  std::vector<std::pair<size_t, size_t>> parts;
  const char* const end = text.data() + text.size();
  size_t begin = 0;
  const auto begins_part = [&](char32_t code, size_t at, size_t after) {
    if (code < kFirstMark) return true;
    if (combining_class(code) != 0) return false;
    return compose(text.substr(begin, after - begin)) ==
           compose(text.substr(begin, at - begin)) + compose(text.substr(at, after - at));
  };
  for (size_t at = 0; at < text.size();) {
    const Utf8Char c = read_utf8(text.data() + at, end);
    if (at > begin && begins_part(c.code, at, at + c.size)) {
      parts.emplace_back(begin, at);
      begin = at;
    }
    at += c.size;
  }
  if (begin < text.size()) parts.emplace_back(begin, text.size());
  return parts;
}

}  // namespace frugal

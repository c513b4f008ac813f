#include "frugal/text/spiece_cleanup.h"

#include "frugal/text/python_unicode.h"
#include "frugal/text/unicode.h"
#include "frugal/text/utf8.h"

namespace frugal {
namespace {

class Cleaner {
 public:
  Cleaner(const CleanupRules& rules, std::string& out, std::vector<uint32_t>* origins)
      : rules_(rules), out_(out), origins_(origins) {}

  void run(std::string_view text) {
    size_t end = 0;  // of what is in the result
    for (size_t at = 0; at < text.size();) {
      const Utf8Char c = read_utf8(text.data() + at, text.data() + text.size());
      if (rules_.collapse_blanks && is_python_space(c.code)) {
        size_t next = at;
        while (next < text.size()) {
          const Utf8Char blank = read_utf8(text.data() + next, text.data() + text.size());
          if (!is_python_space(blank.code)) break;
          next += blank.size;
        }
        if (at > 0 && next < text.size()) put(' ', at);
        at = next;
        continue;
      }
      const bool is_quote = c.code == '`' || c.code == '\'';
      if (rules_.quotes && is_quote && at + 1 < text.size() && text[at + 1] == text[at]) {
        put('"', at);
        at += 2;
      } else {
        change(c.code, at);
        at += c.size;
      }
      end = at;
    }
    if (origins_) origins_->push_back(static_cast<uint32_t>(end));
    if (has_sigma_) lower_sigmas(out_);  // as many bytes as before
  }

 private:
  void put(char32_t code, size_t from) {
    char bytes[4];
    const auto size = static_cast<size_t>(write_utf8(code, bytes));
    out_.append(bytes, size);
    if (origins_) origins_->insert(origins_->end(), size, static_cast<uint32_t>(from));
  }

  void put_lower(char32_t code, size_t from) {
    if (!rules_.lower_case) return put(code, from);
    if (code == 0x3a3) {  // its form depends on what comes
      has_sigma_ = true;
      return put(code, from);
    }
    for (const char32_t small : lower_case(code)) put(small, from);
  }

  void change(char32_t code, size_t from) {
    if (code < 0x80) return put(rules_.lower_case && code >= 'A' && code <= 'Z' ? code + 32 : code, from);
    if (!rules_.strip_accents) return put_lower(code, from);
    const Decomposition parts = compatibility_decomposition(code);
    for (const char32_t part : parts.all())
      if (!is_combining(part)) put_lower(part, from);
  }

  const CleanupRules& rules_;
  std::string& out_;
  std::vector<uint32_t>* origins_;
  bool has_sigma_ = false;
};

}  // namespace

void clean_up(std::string_view text, const CleanupRules& rules, std::string& out,
              std::vector<uint32_t>* origins) {
  out.clear();
  out.reserve(text.size() + 8);
  if (origins) origins->clear();
  Cleaner(rules, out, origins).run(text);
}

bool ends_in_digit_and_comma(std::string_view piece) {
  if (piece.size() < 2 || piece.back() != ',') return false;
  size_t at = piece.size() - 2;
  while (at > 0 && (static_cast<uint8_t>(piece[at]) & 0xc0) == 0x80) --at;
  return is_python_digit(read_utf8(piece.data() + at, piece.data() + piece.size() - 1).code);
}

}  // namespace frugal

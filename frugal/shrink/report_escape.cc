#include "frugal/shrink/report_escape.h"

#include "frugal/text/utf8.h"

namespace frugal {

std::string html_escape(std::string_view text) {
  std::string out;
  const char* end = text.data() + text.size();
  for (const char* at = text.data(); at != end;) {
    const Utf8Char c = read_utf8(at, end);
    const bool control =
        (c.code < 0x20 && c.code != '\n' && c.code != '\t') || (c.code >= 0x7f && c.code < 0xa0);
    switch (c.code) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        append_utf8(out, control ? 0xfffd : c.code);
    }
    at += c.size;
  }
  return out;
}

}  // namespace frugal

#include "frugal/text/bert_normalizer.h"

#include <algorithm>

#include "frugal/text/unicode.h"
#include "frugal/text/utf8.h"

namespace frugal {
namespace {

using Chars = std::vector<SourcedChar>;

Chars read(std::string_view text) {
  Chars out;
  out.reserve(text.size());
  const char* end = text.data() + text.size();
  for (const char* at = text.data(); at != end;) {
    const Utf8Char c = read_utf8(at, end);
    const auto from = static_cast<uint32_t>(at - text.data());
    out.push_back({c.code, {from, from + c.size}});
    at += c.size;
  }
  return out;
}

Chars clean(const Chars& chars) {
  Chars out;
  for (const SourcedChar& c : chars)
    if (!contains(control_ranges(), c.code)) out.push_back({is_blank(c.code) ? U' ' : c.code, c.source});
  return out;
}

Chars isolate_chinese(const Chars& chars) {
  Chars out;
  for (const SourcedChar& c : chars) {
    const bool chinese = contains(chinese_ranges(), c.code);
    if (chinese) out.push_back({U' ', c.source});
    out.push_back(c);
    if (chinese) out.push_back({U' ', c.source});
  }
  return out;
}

// Canonical decomposition (NFD), then every nonspacing mark goes. Where marks change places the library hands
// out sources in the new order: the n-th character that starts a decomposition has the source of the n-th
// character.
Chars strip_accents(const Chars& chars) {
  struct Part {
    char32_t code;
    bool starts;
    int order;
  };
  std::vector<Part> parts;
  for (const SourcedChar& c : chars) {
    const CodePoints codes = canonical_decomposition(c.code);
    for (const char32_t& code : codes) parts.push_back({code, &code == codes.begin(), combining_class(code)});
  }
  const auto is_starter = [](const Part& part) { return part.order == 0; };
  for (auto at = parts.begin(); at != parts.end();) {
    const auto run = std::find_if_not(at, parts.end(), is_starter);
    at = std::find_if(run, parts.end(), is_starter);
    std::stable_sort(run, at, [](const Part& a, const Part& b) { return a.order < b.order; });
  }
  Chars out;
  auto source = chars.begin();
  for (const Part& part : parts) {
    if (part.starts && &part != parts.data()) ++source;
    if (!contains(mark_ranges(), part.code)) out.push_back({part.code, source->source});
  }
  return out;
}

Chars lower(const Chars& chars) {
  Chars out;
  for (const SourcedChar& c : chars)
    for (const char32_t code : lower_case(c.code)) out.push_back({code, c.source});
  return out;
}

}  // namespace

bool is_blank(char32_t code) { return contains(space_ranges(), code); }
bool is_punctuation(char32_t code) { return contains(punctuation_ranges(), code); }

Chars normalize(std::string_view text, const BertRules& rules) {
  Chars chars = read(text);
  if (rules.clean_text) chars = clean(chars);
  if (rules.chinese_chars) chars = isolate_chinese(chars);
  if (rules.strips_accents()) chars = strip_accents(chars);
  if (rules.lower_case) chars = lower(chars);
  return chars;
}

SourcedText to_utf8(const Chars& chars) {
  SourcedText out;
  for (const SourcedChar& c : chars) {
    append_utf8(out.text, c.code);
    out.sources.resize(out.text.size(), c.source);
  }
  return out;
}

}  // namespace frugal

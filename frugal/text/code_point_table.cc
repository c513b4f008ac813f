#include "frugal/text/code_point_table.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "frugal/text/unicode.h"
#include "frugal/text/utf8.h"

namespace frugal {
namespace {

enum Trait : uint8_t {
  control = 1,
  space = 2,
  punctuation = 4,
  mark = 8,
  chinese = 16,
  rare_order = 32,
  changes = 64
};

void paint(std::vector<uint8_t>& traits, std::span<const CodePointRange> ranges, uint8_t trait) {
  for (const CodePointRange& range : ranges)
    for (uint32_t code = range.first; code <= range.last; ++code) traits[code] |= trait;
}

// Outside no character decomposes or has a case, but Hangul's syllables: utf8proc is asked about 42,000 code
// points in place of 1.1 million.
constexpr CodePointRange kChanging[] = {{0, 0x33ff},        {0xa000, 0xabff},   {0xf900, 0x11fff},
                                        {0x16000, 0x16fff}, {0x1d000, 0x1f2ff}, {0x2f800, 0x2ffff}};
constexpr CodePointRange kHangul[] = {{0xac00, 0xd7a3}};

std::vector<uint8_t> paint_traits(const BertRules& rules) {
  std::vector<uint8_t> traits(0x110000);
  if (rules.clean_text) paint(traits, control_ranges(), control);
  paint(traits, space_ranges(), space);
  paint(traits, punctuation_ranges(), punctuation);
  if (rules.chinese_chars) paint(traits, chinese_ranges(), chinese);
  if (rules.strips_accents()) {
    paint(traits, mark_ranges(), mark);
    paint(traits, kept_non_starter_ranges(), rare_order);
  }
  for (const CodePointRange& range : kChanging)
    for (uint32_t code = range.first; code <= range.last; ++code) {
      const auto* property = utf8proc_get_property(static_cast<utf8proc_int32_t>(code));
      const bool decomposes =
          rules.strips_accents() && property->decomp_type == 0 && property->decomp_seqindex != UINT16_MAX;
      const bool lowers = rules.lower_case && property->lowercase_seqindex != UINT16_MAX;
      if (decomposes || lowers) traits[code] |= changes;
    }
  if (rules.strips_accents()) paint(traits, kHangul, changes);
  if (rules.lower_case) paint(traits, new_capital_ranges(), changes);
  return traits;
}

}  // namespace

CodePointTable::Entry CodePointTable::make(char32_t code, uint8_t traits, const BertRules& rules) {
  const auto entry = [](Kind kind) { return Entry{static_cast<uint32_t>(kind)}; };
  if (traits & control) return entry(drop);
  if (traits & space) return entry(blank);
  if (traits & rare_order) return entry(rare);
  if (traits & mark) return entry(drop);
  if (!(traits & changes)) return entry(traits & (punctuation | chinese) ? isolate : copy);
  if (code >= 0xac00 && code <= 0xd7a3) return entry(hangul);

  CodePoints parts, out;
  if (rules.strips_accents()) {
    parts = canonical_decomposition(code);
  } else {
    parts.push(code);
  }
  for (const char32_t part : parts) {
    if (rules.strips_accents() && contains(mark_ranges(), part)) continue;
    if (rules.strips_accents() && contains(kept_non_starter_ranges(), part)) return entry(rare);
    if (!rules.lower_case) {
      out.push(part);
      continue;
    }
    for (const char32_t c : lower_case(part)) out.push(c);
  }
  if (out.count == 0) return entry(drop);
  const bool special =
      std::any_of(out.begin(), out.end(), [](char32_t c) { return is_blank(c) || is_punctuation(c); });
  const bool alone = special || (traits & chinese);
  if (alone && (out.count > 1 || is_blank(out.codes[0]))) return entry(rare);
  if (out.count == 1 && out.codes[0] == code) return entry(alone ? isolate : copy);

  const size_t start = pool_.size();
  for (const char32_t c : out) append_utf8(pool_, c);
  const auto size = static_cast<uint32_t>(pool_.size() - start);
  return {static_cast<uint32_t>(alone ? isolate_map : map) | size << 3 | static_cast<uint32_t>(start) << 8 |
          static_cast<uint32_t>(out.count - 1) << 30};
}

CodePointTable::CodePointTable(const BertRules& rules) {
  const std::vector<uint8_t> traits = paint_traits(rules);
  constexpr size_t kUsualEntries = 400 * 256;
  entries_.reserve(kUsualEntries);
  std::map<uint8_t, uint32_t> uniform;  // pages whose 256 code points share their traits
  for (uint32_t page = 0; page < page_.size(); ++page) {
    const uint8_t* at = &traits[page << 8];
    const bool same = !(*at & changes) && std::memcmp(at, at + 1, 255) == 0;
    if (same && uniform.contains(*at)) {
      page_[page] = uniform[*at];
      continue;
    }
    page_[page] = static_cast<uint32_t>(entries_.size());
    if (same) uniform[*at] = page_[page];
    for (uint32_t i = 0; i < 256; ++i) entries_.push_back(make((page << 8) + i, at[i], rules));
  }
  for (uint32_t byte = 0; byte < 128; ++byte) {
    const Entry entry = (*this)[byte];
    const bool mapped = entry.kind() == map;
    ascii_[byte] = static_cast<uint16_t>((mapped ? copy : entry.kind()) << 8 |
                                         (mapped ? static_cast<uint8_t>(*text(entry)) : byte));
  }
}

}  // namespace frugal

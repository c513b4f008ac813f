#include "frugal/text/char_class.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "frugal/text/unicode.h"

namespace frugal {

CharClasses::CharClasses() {
  std::vector<CharClass> all(0x110000, CharClass::other);
  for (const auto& [ranges, kind] : {std::pair{letter_ranges(), CharClass::letter},
                                     {number_ranges(), CharClass::number},
                                     {space_ranges(), CharClass::space}})
    for (const CodePointRange& range : ranges)
      std::fill(all.begin() + range.first, all.begin() + range.last + 1, kind);
  std::map<std::basic_string_view<CharClass>, uint32_t> known;
  for (size_t page = 0; page < page_.size(); ++page) {
    const std::basic_string_view<CharClass> content(&all[page << 8], 256);
    const auto [found, is_new] = known.emplace(content, static_cast<uint32_t>(classes_.size()));
    page_[page] = found->second;
    if (is_new) classes_.insert(classes_.end(), content.begin(), content.end());
  }
}

}  // namespace frugal

// Unicode's normalization form C (Unicode Standard Annex 15): characters and their marks become one character
// where there is one. With the Unicode of the installed utf8proc. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace frugal {

// UTF-8 in; other bytes throw Error.
std::string compose(std::string_view text);
// Whether the text is UTF-8 that compose would leave as it is.
bool is_composed(std::string_view text);

// The parts of a UTF-8 text, bytes [first, second), that can be composed one by one: what stands before and
// behind changes nothing in them.
std::vector<std::pair<size_t, size_t>> composed_parts(std::string_view text);

}  // namespace frugal

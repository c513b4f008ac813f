// Text inside HTML and SVG.
#pragma once

#include <string>
#include <string_view>

namespace frugal {

// & < > " ' as entities; controls and bytes that are not UTF-8 become U+FFFD. For content and quoted
// attributes.
std::string html_escape(std::string_view text);

}  // namespace frugal

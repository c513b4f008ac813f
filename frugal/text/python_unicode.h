// What Python's str methods say about characters, for the models whose published code leans on them.
//
// As CPython 3 does it, with the Unicode of the installed utf8proc. Pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace frugal {

bool is_python_space(char32_t code);  // str.isspace(), where str.split() cuts
bool is_python_digit(char32_t code);  // str.isdigit()
bool is_combining(char32_t code);     // unicodedata.combining() != 0

// unicodedata.normalize("NFKD") of one character, before canonical order; 18 is the longest there is.
struct Decomposition {
  char32_t codes[18];
  size_t count;

  std::span<const char32_t> all() const { return {codes, count}; }
};
Decomposition compatibility_decomposition(char32_t code);

// Makes each capital sigma of `text` small as str.lower() does: final where a word ends. The rest of the text
// may be in lower case already.
void lower_sigmas(std::string& text);

}  // namespace frugal

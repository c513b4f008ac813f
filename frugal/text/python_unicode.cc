#include "frugal/text/python_unicode.h"

#include <utf8proc.h>

#include <algorithm>

#include "frugal/text/unicode.h"
#include "frugal/text/utf8.h"

namespace frugal {
namespace {

// Digits that are no decimal ones (category Nd): raised, circled, Ethiopic.
constexpr CodePointRange kOtherDigits[] = {
    {0xb2, 0xb3},     {0xb9, 0xb9},       {0x1369, 0x1371},   {0x19da, 0x19da},   {0x2070, 0x2070},
    {0x2074, 0x2079}, {0x2080, 0x2089},   {0x2460, 0x2468},   {0x2474, 0x247c},   {0x2488, 0x2490},
    {0x24ea, 0x24ea}, {0x24f5, 0x24fd},   {0x24ff, 0x24ff},   {0x2776, 0x277e},   {0x2780, 0x2788},
    {0x278a, 0x2792}, {0x10a40, 0x10a43}, {0x10e60, 0x10e68}, {0x11052, 0x1105a}, {0x1f100, 0x1f10a}};

// Cased, but no letters of case by category; and skipped between letters, but not by category.
constexpr CodePointRange kOtherCased[] = {{0xaa, 0xaa},      {0xba, 0xba},       {0x2160, 0x217f},
                                          {0x24b6, 0x24e9},  {0x1f130, 0x1f149}, {0x1f150, 0x1f169},
                                          {0x1f170, 0x1f189}};
constexpr CodePointRange kOtherIgnorable[] = {
    {0x27, 0x27},     {0x2e, 0x2e},     {0x3a, 0x3a},     {0xb7, 0xb7},
    {0x387, 0x387},   {0x55f, 0x55f},   {0x5f4, 0x5f4},   {0x2018, 0x2019},
    {0x2024, 0x2024}, {0x2027, 0x2027}, {0xfe13, 0xfe13}, {0xfe52, 0xfe52},
    {0xfe55, 0xfe55}, {0xff07, 0xff07}, {0xff0e, 0xff0e}, {0xff1a, 0xff1a}};

constexpr std::string_view kCapitalSigma = "\u03a3", kSmallSigma = "\u03c3", kFinalSigma = "\u03c2";

utf8proc_category_t category(char32_t code) { return utf8proc_category(static_cast<utf8proc_int32_t>(code)); }

bool is_ignorable(char32_t code) {
  switch (category(code)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return contains(kOtherIgnorable, code);
  }
}

bool is_cased(char32_t code) {
  switch (category(code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
      return true;
    default:
      return contains(kOtherCased, code);
  }
}

bool letter_before(std::string_view text, size_t end) {
  while (end > 0) {
    size_t from = end - 1;
    while (from > 0 && (static_cast<uint8_t>(text[from]) & 0xc0) == 0x80) --from;
    const char32_t code = read_utf8(text.data() + from, text.data() + end).code;
    if (!is_ignorable(code)) return is_cased(code);
    end = from;
  }
  return false;
}

bool letter_after(std::string_view text, size_t at) {
  while (at < text.size()) {
    const Utf8Char c = read_utf8(text.data() + at, text.data() + text.size());
    if (!is_ignorable(c.code)) return is_cased(c.code);
    at += c.size;
  }
  return false;
}

}  // namespace

bool is_python_space(char32_t code) {
  return (code >= 0x1c && code <= 0x1f) || contains(space_ranges(), code);
}

bool is_python_digit(char32_t code) {
  if (code < 0x80) return code >= '0' && code <= '9';
  return category(code) == UTF8PROC_CATEGORY_ND || contains(kOtherDigits, code);
}

bool is_combining(char32_t code) {
  return utf8proc_get_property(static_cast<utf8proc_int32_t>(code))->combining_class != 0;
}

Decomposition compatibility_decomposition(char32_t code) {
  Decomposition out;
  utf8proc_int32_t codes[18];
  int boundary = 0;
  const auto count = utf8proc_decompose_char(
      static_cast<utf8proc_int32_t>(code), codes, 18,
      static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT), &boundary);
  if (count <= 0 || count > 18) {
    out.codes[0] = code;
    out.count = 1;
    return out;
  }
  std::copy_n(codes, count, out.codes);
  out.count = static_cast<size_t>(count);
  return out;
}

void lower_sigmas(std::string& text) {
  for (size_t at = 0; (at = text.find(kCapitalSigma, at)) != std::string::npos; at += kCapitalSigma.size()) {
    const bool final = letter_before(text, at) && !letter_after(text, at + kCapitalSigma.size());
    const std::string_view small = final ? kFinalSigma : kSmallSigma;  // all have the same size
    std::copy(small.begin(), small.end(), text.begin() + static_cast<ptrdiff_t>(at));
  }
}

}  // namespace frugal

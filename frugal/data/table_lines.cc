#include "frugal/data/table_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "frugal/base/error.h"
#include "frugal/base/format.h"
#include "frugal/text/utf8.h"

namespace frugal {

std::string line_place(const std::string& where, int64_t line) { return fmt::format("{}:{}", where, line); }

TableLines::TableLines(std::string_view text, std::string where, const TableLimits& limits)
    : text_(text), where_(std::move(where)), limits_(limits) {
  if (text_.starts_with("\xff\xfe") || text_.starts_with("\xfe\xff"))
    throw Error(where_, "is UTF-16, not UTF-8", "iconv -f UTF-16 -t UTF-8 converts it");
  if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);
}

bool TableLines::next(std::string_view& line, bool quotes) {
  while (at_ < text_.size()) {
    line_ = next_line_;
    const size_t end = row_end(quotes);
    line = text_.substr(at_, end - at_);
    next_line_ += 1 + std::count(line.begin(), line.end(), '\n');
    at_ = std::min(end + 1, text_.size());
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    check(line);
    return true;
  }
  return false;
}

// Where the row at at_ ends: its line break or the end of the text. Looks no further than the limit.
size_t TableLines::row_end(bool quotes) {
  const size_t reach = std::min(text_.size() - at_, limits_.line_bytes + 2);  // CRLF is not counted
  const std::string_view visible = text_.substr(at_, reach);
  size_t end = visible.find('\n');
  if (quotes) {
    // Inside quotes after an odd number of marks: a doubled mark changes nothing.
    bool inside = false;
    size_t i = 0;
    for (; i < visible.size() && (inside || visible[i] != '\n'); ++i) inside ^= visible[i] == '"';
    if (inside)
      fail(fmt::format("a quotation mark is not closed within {}",
                       reach == text_.size() - at_ ? "the file"
                                                   : format_count(static_cast<int64_t>(reach)) + " bytes"),
           "in CSV a mark inside a cell is doubled: \"\"; if marks are plain text, name the file .tsv");
    end = i < visible.size() ? i : std::string_view::npos;
  }
  if (end != std::string_view::npos) return at_ + end;
  if (reach == text_.size() - at_) return text_.size();
  fail(
      fmt::format("the line is longer than {} bytes", format_count(static_cast<int64_t>(limits_.line_bytes))),
      "one example a line; is this a table of text?");
}

void TableLines::check(std::string_view row) const {
  if (row.size() > limits_.line_bytes)
    fail(fmt::format("the line is longer than {} bytes",
                     format_count(static_cast<int64_t>(limits_.line_bytes))),
         "one example a line; is this a table of text?");
  // Of a row over several lines, the place is that of the byte.
  const auto place_of = [&](const char* at) {
    return line_place(where_, line_ + std::count(row.data(), at, '\n'));
  };
  if (const size_t nul = row.find('\0'); nul != std::string_view::npos)
    throw Error(place_of(row.data() + nul), fmt::format("holds a NUL byte (byte {} of the row)", nul + 1),
                "is the file text in UTF-8?");
  const char* end = row.data() + row.size();
  for (const char* at = row.data(); at != end;) {
    const Utf8Char c = read_utf8(at, end);
    if (!c.valid)
      throw Error(place_of(at),
                  fmt::format("is not valid UTF-8 (byte {} of the row, 0x{:02x})", at - row.data() + 1,
                              static_cast<uint8_t>(*at)),
                  "iconv -t UTF-8 converts a file, given its encoding by -f");
    at += c.size;
  }
}

void TableLines::fail(const std::string& message, const std::string& hint) const {
  throw Error(line_place(where_, line_), message, hint);
}

}  // namespace frugal

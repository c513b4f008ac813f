// One row's bytes at a time, checked: length, NUL bytes, UTF-8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "frugal/data/table.h"

namespace frugal {

class TableLines {
 public:
  // `text` must outlive it. Passes over a byte order mark.
  TableLines(std::string_view text, std::string where, const TableLimits& limits);

  // The next line without its end; false at the end of the text. With `quotes`, a line break within quotation
  // marks belongs to the row. Lines that are empty are passed over.
  bool next(std::string_view& line, bool quotes);
  int64_t line() const { return line_; }  // of the row that next() gave
  [[noreturn]] void fail(const std::string& message, const std::string& hint = {}) const;

 private:
  size_t row_end(bool quotes);
  void check(std::string_view row) const;

  std::string_view text_;
  std::string where_;
  const TableLimits& limits_;
  size_t at_ = 0;
  int64_t line_ = 0, next_line_ = 1;
};

}  // namespace frugal

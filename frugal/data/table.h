// Tables of text from files that nobody vouches for: TSV, CSV, JSON lines.
//
//   TSV         cells split on TAB, no quoting: a quotation mark is text
//   CSV         RFC 4180: "quoted, cells", "" for a quotation mark inside, line breaks allowed within quotes
//   JSON lines  one object a line; the columns are the keys of the first
//
// Lines end with LF or CRLF; a UTF-8 byte order mark and empty lines are passed over. Invalid UTF-8, NUL
// bytes, rows of another width than the first, and anything over a limit are an Error at "file:line".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace frugal {

enum class TableFormat { tsv, csv, json_lines };

struct TableLimits {
  size_t bytes = size_t{1} << 30;       // of the whole file
  size_t line_bytes = size_t{1} << 20;  // of one row
  size_t cells = 50'000'000;            // rows times columns; a short cell takes 40 bytes of memory
  size_t columns = 1000;
};

// nullopt: JSON null, a key that the object lacks, or a nested value, which is no text. JSON numbers are as
// nlohmann::json prints them, true and false as those words.
using Cell = std::optional<std::string>;

struct Row {
  int64_t line = 0;  // where it starts, from 1
  std::vector<Cell> cells;
};

struct Table {
  TableFormat format = TableFormat::tsv;
  // Of JSON lines: the keys, sorted. Otherwise empty: whether the first row is a header is for columns.h to
  // say.
  std::vector<std::string> keys;
  std::vector<Row> rows;  // at least one, all of the same width
};

// By the name's ending (.tsv, .csv, .jsonl, .ndjson, .json), else by the first line: an object, a TAB, a
// comma.
TableFormat table_format(std::string_view path, std::string_view text);

Table parse_table(std::string_view text, TableFormat format, const std::string& where,
                  const TableLimits& limits = {});
Table read_table(const std::string& path, const TableLimits& limits = {});

// "train.tsv:17", for errors.
std::string line_place(const std::string& where, int64_t line);

}  // namespace frugal

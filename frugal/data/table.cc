#include "frugal/data/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "frugal/base/error.h"
#include "frugal/base/format.h"
#include "frugal/data/table_json.h"
#include "frugal/data/table_lines.h"
#include "frugal/io/file.h"

namespace frugal {
namespace {

std::vector<Cell> split_tabs(std::string_view line) {
  std::vector<Cell> cells;
  for (size_t tab; (tab = line.find('\t')) != std::string_view::npos; line.remove_prefix(tab + 1))
    cells.emplace_back(line.substr(0, tab));
  cells.emplace_back(line);
  return cells;
}

// A quoted cell starts at its mark; `at` moves behind the closing one.
std::string unquote(std::string_view row, size_t& at, const TableLines& lines) {
  std::string cell;
  for (++at;;) {
    const size_t mark = row.find('"', at);
    if (mark == std::string_view::npos) lines.fail("a quotation mark is not closed");
    cell += row.substr(at, mark - at);
    at = mark + 1;
    if (at == row.size() || row[at] != '"') return cell;
    cell += '"';
    ++at;
  }
}

std::vector<Cell> split_commas(std::string_view row, const TableLines& lines) {
  std::vector<Cell> cells;
  for (size_t at = 0;;) {
    if (at < row.size() && row[at] == '"') {
      cells.emplace_back(unquote(row, at, lines));
      if (at < row.size() && row[at] != ',')
        lines.fail(
            fmt::format("column {} goes on behind its closing quotation mark", cells.size()),
            "in CSV a mark inside a cell is doubled: \"\"; if marks are plain text, name the file .tsv");
    } else {
      const size_t comma = std::min(row.find(',', at), row.size());
      const std::string_view cell = row.substr(at, comma - at);
      if (cell.find('"') != std::string_view::npos)
        lines.fail(
            fmt::format("column {} has a quotation mark but does not start with one", cells.size() + 1),
            "in CSV such a cell is quoted as a whole; if marks are plain text, name the file .tsv");
      cells.emplace_back(cell);
      at = comma;
    }
    if (at == row.size()) return cells;
    ++at;
  }
}

void check_width(const Table& table, const Row& row, const TableLines& lines) {
  if (table.rows.empty() || row.cells.size() == table.rows[0].cells.size()) return;
  const char* separator = table.format == TableFormat::tsv ? "a TAB" : "a comma";
  lines.fail(fmt::format("has {} column{}, the first row has {}", row.cells.size(),
                         row.cells.size() == 1 ? "" : "s", table.rows[0].cells.size()),
             fmt::format("columns are separated by {}", separator));
}

}  // namespace

TableFormat table_format(std::string_view path, std::string_view text) {
  std::string name(path.substr(path.rfind('/') + 1));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (name.ends_with(".tsv")) return TableFormat::tsv;
  if (name.ends_with(".csv")) return TableFormat::csv;
  for (const char* ending : {".jsonl", ".ndjson", ".json"})
    if (name.ends_with(ending)) return TableFormat::json_lines;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const std::string_view line = text.substr(0, text.find('\n'));
  if (line.starts_with('{')) return TableFormat::json_lines;
  if (line.find('\t') != std::string_view::npos) return TableFormat::tsv;
  return line.find(',') != std::string_view::npos ? TableFormat::csv : TableFormat::tsv;
}

Table parse_table(std::string_view text, TableFormat format, const std::string& where,
                  const TableLimits& limits) {
  if (text.size() > limits.bytes)
    throw Error(where, fmt::format("has {}, the limit is {}", format_bytes(static_cast<double>(text.size())),
                                   format_bytes(static_cast<double>(limits.bytes))));
  Table table{format, {}, {}};
  TableLines lines(text, where, limits);
  size_t cells = 0;
  for (std::string_view line; lines.next(line, format == TableFormat::csv);) {
    Row row{lines.line(), {}};
    if (format == TableFormat::json_lines) {
      row.cells = json_cells(line, table.keys, lines);
    } else {
      row.cells = format == TableFormat::csv ? split_commas(line, lines) : split_tabs(line);
      check_width(table, row, lines);
    }
    if (row.cells.size() > limits.columns)
      lines.fail(fmt::format("has {} columns, the limit is {}", row.cells.size(), limits.columns));
    cells += row.cells.size();
    if (cells > limits.cells)
      lines.fail(
          fmt::format("there are more than {} cells", format_count(static_cast<int64_t>(limits.cells))));
    table.rows.push_back(std::move(row));
  }
  if (table.rows.empty()) throw Error(where, text.empty() ? "is empty" : "holds no rows");
  return table;
}

Table read_table(const std::string& path, const TableLimits& limits) {
  const std::string text = read_file(path, limits.bytes);
  return parse_table(text, table_format(path, text), path, limits);
}

}  // namespace frugal

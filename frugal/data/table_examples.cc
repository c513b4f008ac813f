#include "frugal/data/table_examples.h"

#include <fmt/format.h>

#include <utility>

#include "frugal/base/error.h"
#include "frugal/io/json.h"

namespace frugal {
namespace {

std::string taken(Row& row, int column, const Columns& columns, const std::string& where) {
  Cell& cell = row.cells[static_cast<size_t>(column)];
  if (!cell)
    throw Error(line_place(where, row.line),
                fmt::format("has no text at {}", in_quotes(columns.names[static_cast<size_t>(column)])),
                "each object needs the keys of the first, with a text or a number");
  return std::move(*cell);
}

std::string trimmed(const std::string& text) {
  constexpr const char* kBlanks = " \t\r\n";
  const size_t first = text.find_first_not_of(kBlanks);
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

std::string checked_label(const std::string& text, int64_t line, const std::string& where) {
  constexpr size_t kLongest = 1000;
  std::string label = trimmed(text);
  if (label.empty()) throw Error(line_place(where, line), "the label is empty");
  if (label.size() > kLongest)
    throw Error(line_place(where, line),
                fmt::format("the label has {} bytes, the limit is {}", label.size(), kLongest),
                "is it the label column? Name it: --label-column NAME");
  return label;
}

}  // namespace

Examples take_examples(Table table, const ColumnOptions& options, bool labels_required,
                       const std::string& where) {
  const Columns columns = choose_columns(table, options, labels_required, where);
  const bool header_row = columns.header && table.format != TableFormat::json_lines;
  if (header_row && table.rows.size() == 1) throw Error(where, "holds a header and no rows");
  Examples examples;
  examples.has_pair = columns.text_pair.has_value();
  for (size_t i = header_row ? 1 : 0; i < table.rows.size(); ++i) {
    Row& row = table.rows[i];
    examples.line.push_back(row.line);
    examples.text.push_back(taken(row, columns.text, columns, where));
    if (columns.text_pair) examples.text_pair.push_back(taken(row, *columns.text_pair, columns, where));
    if (columns.label)
      examples.label.push_back(checked_label(taken(row, *columns.label, columns, where), row.line, where));
    row = {};  // one row's memory twice at a time, not the file's
  }
  return examples;
}

Examples read_examples(const std::string& path, const ColumnOptions& options, bool labels_required,
                       const TableLimits& limits) {
  return take_examples(read_table(path, limits), options, labels_required, path);
}

}  // namespace frugal

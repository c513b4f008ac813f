#include "frugal/data/columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>

#include "frugal/base/error.h"
#include "frugal/data/columns_names.h"
#include "frugal/io/json.h"

namespace frugal {
namespace {

std::string listed(const std::vector<std::string>& names) {
  constexpr size_t kMost = 20;
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kMost); ++i)
    text += (i == 0 ? "" : ", ") + in_quotes(names[i]);
  return names.size() > kMost ? text + ", ..." : text;
}

class Chooser {
 public:
  Chooser(const Table& table, Columns& columns, const std::string& where)
      : table_(table), columns_(columns), where_(where) {
    for (const std::string& name : columns.names) keys_.push_back(column_key(name));
  }

  // The column that an option names.
  int named(const std::string& name, const char* option) const {
    const auto& names = columns_.names;
    if (const auto found = std::find(names.begin(), names.end(), name); found != names.end())
      return static_cast<int>(found - names.begin());
    int number = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
    if (parsed.ec == std::errc() && parsed.ptr == name.data() + name.size() && number >= 1 &&
        number <= static_cast<int>(names.size()))
      return number - 1;
    fail(fmt::format("there is no column {} for {}", in_quotes(name), option),
         columns_.header ? "" : "the file seems to have no header: give the column's number, from 1");
  }

  void choose(const ColumnOptions& options, bool labels_required) {
    std::optional<int> text, pair, label;
    if (!options.label.empty()) label = named(options.label, "--label-column");
    if (!options.text.empty()) text = named(options.text, "--text-column");
    if (!options.text_pair.empty()) pair = named(options.text_pair, "--pair-column");
    take(label), take(text), take(pair);
    if (columns_.header) {
      if (!label) take(label = first_of(label_keys()));
      if (!text && !pair) guess_pair(text, pair);
      if (!text) take(text = first_of(text_keys()));
    } else if (!text && !label && !pair && columns_.names.size() == 2) {
      label = label_of_two();
      text = 1 - *label;
      take(label), take(text);
    }
    // What is left when all others have a use.
    if (!text) take(text = only_free());
    if (!label && labels_required) take(label = only_free());
    if (!text)
      fail("cannot tell which column is the text", "say so: --text-column NAME (or its number, from 1)");
    if (!label && labels_required)
      fail("there is no label column", "name it: --label-column NAME (or its number, from 1)");
    columns_.text = *text;
    columns_.text_pair = pair;
    columns_.label = label;
    if (text == label || text == pair || (pair && pair == label))
      fail("one column cannot serve as two of text, pair and label", "");
  }

 private:
  void take(std::optional<int> column) {
    if (column) taken_.insert(*column);
  }
  bool is_free(int column) const {
    return taken_.count(column) == 0 && !is_row_number_key(keys_[static_cast<size_t>(column)]);
  }

  std::optional<int> free_column(std::string_view key) const {
    for (int i = 0; i < static_cast<int>(keys_.size()); ++i)
      if (keys_[static_cast<size_t>(i)] == key && is_free(i)) return i;
    return std::nullopt;
  }

  std::optional<int> first_of(const std::vector<std::string_view>& keys) const {
    for (const std::string_view key : keys)
      if (const auto column = free_column(key)) return column;
    return std::nullopt;
  }

  void guess_pair(std::optional<int>& text, std::optional<int>& pair) {
    for (const auto& [first, second] : pair_keys()) {
      text = free_column(first), pair = free_column(second);
      if (text && pair) return take(text), take(pair);
    }
    text.reset(), pair.reset();
  }

  std::optional<int> only_free() const {
    std::optional<int> only;
    for (int i = 0; i < static_cast<int>(keys_.size()); ++i) {
      if (!is_free(i)) continue;
      if (only) return std::nullopt;
      only = i;
    }
    return only;
  }

  // Fewer distinct values; among equals the fewer bytes; at last the second.
  int label_of_two() const {
    std::set<std::string_view> distinct[2];
    size_t bytes[2] = {};
    for (const Row& row : table_.rows)
      for (size_t i = 0; i < 2; ++i) {
        distinct[i].insert(*row.cells[i]);
        bytes[i] += row.cells[i]->size();
      }
    const auto measure = [&](int i) { return std::pair(distinct[i].size(), bytes[i]); };
    return measure(0) < measure(1) ? 0 : 1;
  }

  [[noreturn]] void fail(const std::string& message, const std::string& hint) const {
    const char* kind = columns_.header ? "columns" : "columns, by number";
    throw Error(where_, fmt::format("{}; the {}: {}", message, kind, listed(columns_.names)), hint);
  }

  const Table& table_;
  Columns& columns_;
  const std::string& where_;
  std::vector<std::string> keys_;
  std::set<int> taken_;
};

}  // namespace

Columns choose_columns(const Table& table, const ColumnOptions& options, bool labels_required,
                       const std::string& where) {
  Columns columns;
  const bool json = table.format == TableFormat::json_lines;
  columns.header = json || options.header.value_or(first_row_is_header(table));
  const std::vector<Cell>& first = table.rows[0].cells;
  // A column that an option names by a cell of the first row makes that row a header.
  for (const std::string* name : {&options.text, &options.text_pair, &options.label})
    if (!json && !options.header && name->find_first_not_of("0123456789") != std::string::npos)
      columns.header |= std::find(first.begin(), first.end(), Cell(*name)) != first.end();
  for (size_t i = 0; i < first.size(); ++i)
    columns.names.push_back(json ? table.keys[i] : columns.header ? *first[i] : fmt::format("{}", i + 1));
  Chooser(table, columns, where).choose(options, labels_required);
  return columns;
}

}  // namespace frugal

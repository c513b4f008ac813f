// Whether a table's first row is a header.
#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "frugal/data/columns.h"
#include "frugal/data/columns_names.h"

namespace frugal {
namespace {

bool is_known(std::string_view name) {
  const std::string key = column_key(name);
  const auto among = [&](const auto& keys) { return std::find(keys.begin(), keys.end(), key) != keys.end(); };
  const auto& pairs = pair_keys();
  return among(text_keys()) || among(label_keys()) ||
         std::any_of(pairs.begin(), pairs.end(),
                     [&](const auto& pair) { return pair.first == key || pair.second == key; });
}

// A name as programs give them: no spaces, no sentence, no number.
bool is_word(std::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
  });
  return plain && name.find_first_not_of("0123456789.-") != std::string_view::npos;
}

bool recurs(const Table& table, size_t column) {
  const std::string& name = *table.rows[0].cells[column];
  return std::any_of(table.rows.begin() + 1, table.rows.end(),
                     [&](const Row& row) { return *row.cells[column] == name; });
}

// Whether below the first row few values fill the column, each at least twice.
bool holds_classes(const Table& table, size_t column) {
  std::map<std::string_view, int64_t> counts;
  for (size_t i = 1; i < table.rows.size(); ++i) ++counts[*table.rows[i].cells[column]];
  return !counts.empty() &&
         std::all_of(counts.begin(), counts.end(), [](const auto& entry) { return entry.second >= 2; });
}

}  // namespace

bool first_row_is_header(const Table& table) {
  constexpr size_t kLongestName = 60;
  const std::vector<Cell>& names = table.rows[0].cells;
  std::set<std::string_view> distinct;
  bool known = false, words = true;
  for (const Cell& name : names) {
    if (name->size() > kLongestName || !distinct.insert(*name).second) return false;
    known |= is_known(*name);
    words &= is_word(*name) || name->empty();  // pandas leaves the name of its row numbers empty
  }
  for (size_t column = 0; column < names.size(); ++column)
    if (recurs(table, column)) return false;
  if (known) return true;
  if (!words || names.size() < 2) return false;
  for (size_t column = 0; column < names.size(); ++column)
    if (holds_classes(table, column)) return true;
  return false;
}

}  // namespace frugal

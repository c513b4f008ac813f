#include "frugal/data/table_json.h"

#include "frugal/base/error.h"
#include "frugal/io/json.h"

namespace frugal {
namespace {

Cell cell_of(const Json& value, const TableLines& lines) {
  if (value.is_string()) {
    std::string text = value.get<std::string>();
    if (text.find('\0') != std::string::npos) lines.fail("holds a NUL character, written as \\u0000");
    return text;
  }
  if (value.is_number() || value.is_boolean()) return to_text(value, -1);
  return std::nullopt;
}

// parse_json names ":line:column" within the one line; the caller wants file:line.
Json parse_line(std::string_view line, const TableLines& lines) {
  try {
    return parse_json(line, "", {.bytes = line.size(), .depth = 32});
  } catch (const Error& error) {
    const size_t column = error.where().rfind(':');
    const std::string at =
        column == std::string::npos ? "" : " (column " + error.where().substr(column + 1) + ")";
    lines.fail(error.message() + at, error.hint());
  }
}

}  // namespace

std::vector<Cell> json_cells(std::string_view line, std::vector<std::string>& keys, const TableLines& lines) {
  if (line.starts_with('['))
    lines.fail("is a JSON list; JSON lines have one object a line", "jq -c '.[]' turns a list into lines");
  const Json object = parse_line(line, lines);
  if (!object.is_object()) lines.fail("is no JSON object");
  if (object.empty()) lines.fail("is an empty JSON object");
  if (keys.empty())
    for (const auto& [key, value] : object.items()) keys.push_back(key);
  std::vector<Cell> cells(keys.size());
  for (size_t i = 0; i < keys.size(); ++i)
    if (const auto found = object.find(keys[i]); found != object.end()) cells[i] = cell_of(*found, lines);
  return cells;
}

}  // namespace frugal

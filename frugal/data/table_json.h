// One line of JSON lines as cells.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "frugal/data/table_lines.h"

namespace frugal {

// The values at `keys`, in their order; keys that are not listed are passed over. Empty `keys` are set from
// this object, the first.
std::vector<Cell> json_cells(std::string_view line, std::vector<std::string>& keys, const TableLines& lines);

}  // namespace frugal

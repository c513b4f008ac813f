#include "frugal/cli/id_list.h"

#include <fmt/format.h>

#include "frugal/base/error.h"
#include "frugal/io/json.h"

namespace frugal::cli {

std::vector<int32_t> parse_ids(const std::string& line, const std::string& where, int64_t pieces) {
  const Json json = parse_json(line, where);
  if (!json.is_array()) throw Error(where, "expected a list of ids", "as in [15496, 995]");
  std::vector<int32_t> ids;
  for (const Json& one : json) {
    // Of whole numbers the parser calls unsigned those that are not negative.
    if (!one.is_number_unsigned() || one.get<uint64_t>() >= static_cast<uint64_t>(pieces))
      throw Error(where, fmt::format("{} is no token id", to_text(one, -1)),
                  pieces < kAnyId ? fmt::format("the vocabulary has {}", pieces) : "");
    ids.push_back(one.get<int32_t>());
  }
  return ids;
}

}  // namespace frugal::cli

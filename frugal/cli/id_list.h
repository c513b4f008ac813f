// A line that holds token ids: [15496, 995].
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace frugal::cli {

constexpr int64_t kAnyId = int64_t{1} << 31;

// Ids from 0 to `pieces` - 1. Anything else is an Error at `where`.
std::vector<int32_t> parse_ids(const std::string& line, const std::string& where, int64_t pieces = kAnyId);

}  // namespace frugal::cli

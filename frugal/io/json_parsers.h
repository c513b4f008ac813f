// The two parsers behind json.h. Both take the same texts to the same documents (json_fuzz.cc compares them).
#pragma once

#include <optional>

#include "frugal/io/json.h"

namespace frugal {

// simdjson's. Nothing: the text breaks a rule or a limit, or is one of the few that only the other one takes
// (a byte order mark, integers above 2^64); ask that one. 466 kB of tokenizer.json: 1.7 ms, where the other
// parser's events alone take 7.
//
// `apart`: as in parse_json_apart; null: nothing is kept apart.
std::optional<JsonApart> parse_json_quickly(std::string_view text, const JsonPath* apart,
                                            const JsonLimits& limits);

// nlohmann's. Throws what is wrong, and where. limits.bytes is the caller's to check.
Json parse_json_carefully(std::string_view text, const std::string& where, const JsonLimits& limits);

}  // namespace frugal

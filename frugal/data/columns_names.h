// The column names that public data sets use.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace frugal {

// Lower case, letters and digits only: "Sentence 1", "sentence_1" and "sentence1" are one.
std::string column_key(std::string_view name);

// All as keys, the likeliest first.
const std::vector<std::string_view>& text_keys();
const std::vector<std::string_view>& label_keys();
const std::vector<std::pair<std::string_view, std::string_view>>& pair_keys();
bool is_row_number_key(std::string_view key);  // id, idx, index, ...: never text or label

}  // namespace frugal

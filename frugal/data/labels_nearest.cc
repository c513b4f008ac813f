// nearest_name of labels.h.
#include <algorithm>
#include <string_view>

#include "frugal/data/labels.h"

namespace frugal {
namespace {

std::string lower_start(std::string_view text) {
  constexpr size_t kCompared = 80;  // the work is the product of two lengths
  std::string out(text.substr(0, kCompared));
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

// Damerau-Levenshtein with neighbours swapped at most once ("optimal string alignment").
size_t distance(const std::string& a, const std::string& b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::string> nearest_name(const std::string& name, const std::vector<std::string>& names) {
  constexpr size_t kMostNames = 100'000;
  const std::string wanted = lower_start(name);
  const std::string* nearest = nullptr;
  size_t least = std::max<size_t>(1, wanted.size() / 3) + 1;
  for (size_t i = 0; i < std::min(names.size(), kMostNames); ++i) {
    const size_t found = distance(wanted, lower_start(names[i]));
    if (found < least) {
      least = found;
      nearest = &names[i];
    }
  }
  if (!nearest) return std::nullopt;
  return *nearest;
}

}  // namespace frugal

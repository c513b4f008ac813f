#include "frugal/text/word_counts.h"

#include <algorithm>

namespace frugal {

std::vector<std::pair<std::string_view, uint64_t>> WordCounts::sorted() const {
  std::vector<std::pair<std::string_view, uint64_t>> all(counts_.begin(), counts_.end());
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace frugal

#include "frugal/generate/cache_rows.h"

namespace frugal {

int32_t CacheRows::take() {
  if (free_.empty()) {
    users_.push_back(1);
    return static_cast<int32_t>(users_.size() - 1);
  }
  const int32_t row = free_.back();
  free_.pop_back();
  users_[row] = 1;
  return row;
}

void CacheRows::advance(std::span<const Next> next) {
  std::vector<int> heirs(pasts_.size());
  for (const Next& one : next)
    if (one.parent >= 0) ++heirs[one.parent];
  // Rows of the dead are freed before new ones are taken; backwards, so that they are taken in rising order,
  // which memory likes.
  for (size_t i = 0; i < pasts_.size(); ++i)
    for (auto row = pasts_[i].rbegin(); row != pasts_[i].rend(); ++row)
      if ((users_[*row] += heirs[i] - 1) == 0) free_.push_back(*row);
  std::vector<Past> pasts(next.size());
  for (size_t i = 0; i < next.size(); ++i) {
    if (const int parent = next[i].parent; parent >= 0)
      pasts[i] = --heirs[parent] == 0 ? std::move(pasts_[parent]) : pasts_[parent];
    for (int64_t n = 0; n < next[i].fresh; ++n) pasts[i].push_back(take());
  }
  pasts_ = std::move(pasts);
}

}  // namespace frugal

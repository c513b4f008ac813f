// The k largest numbers of a stream, in order; of equal ones the earlier.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace frugal {

// By insertion: k is some tens at most while the stream has 10^5 numbers, nearly all of which fail one
// comparison.
template <class T>
class TopList {
 public:
  struct Entry {
    T score;
    size_t index;
  };

  explicit TopList(size_t k) : k_(k) { entries_.reserve(k + 1); }

  // Offers values[i] + shift as number first + i. NaN counts as minus infinity.
  void offer(std::span<const T> values, T shift, size_t first) {
    for (size_t i = 0; i < values.size(); ++i) {
      T score = values[i] + shift;
      if (entries_.size() == k_ && !(score > entries_.back().score)) continue;
      if (!(score == score)) score = -std::numeric_limits<T>::infinity();
      const auto place = std::upper_bound(entries_.begin(), entries_.end(), score,
                                          [](T s, const Entry& e) { return s > e.score; });
      entries_.insert(place, {score, first + i});
      if (entries_.size() > k_) entries_.pop_back();
    }
  }
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  size_t k_;
  std::vector<Entry> entries_;
};

}  // namespace frugal

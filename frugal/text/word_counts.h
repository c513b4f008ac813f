// How often each word of a text occurs, the first thing that every training of a vocabulary counts.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace frugal {

class WordCounts {
 public:
  void add(std::string_view word, uint64_t times = 1) {
    ++total_;
    if (const auto found = counts_.find(word); found != counts_.end()) {
      found->second += times;
    } else {
      counts_.emplace(word, times);
    }
  }

  size_t size() const { return counts_.size(); }
  uint64_t total() const { return total_; }

  // In the order of their bytes, so that nothing depends on the text's order.
  std::vector<std::pair<std::string_view, uint64_t>> sorted() const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view word) const { return std::hash<std::string_view>()(word); }
  };
  std::unordered_map<std::string, uint64_t, Hash, std::equal_to<>> counts_;
  uint64_t total_ = 0;
};

}  // namespace frugal

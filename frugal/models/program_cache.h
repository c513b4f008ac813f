// Compiled programs by batch shape, the most recently used kept.
#pragma once

#include <algorithm>
#include <list>
#include <memory>
#include <utility>

#include "frugal/data/batch.h"
#include "frugal/runtime/program.h"

namespace frugal {

class ProgramCache {
 public:
  explicit ProgramCache(size_t most) : most_(most) {}

  // The program of this shape, from `make()` when there is none. Valid until the next call.
  template <class F>
  Program& get(const BatchShape& shape, F&& make) {
    auto entry =
        std::find_if(entries_.begin(), entries_.end(), [&](const auto& e) { return e.first == shape; });
    if (entry == entries_.end()) {
      entries_.emplace_front(shape, make());
      if (entries_.size() > most_) entries_.pop_back();
    } else {
      entries_.splice(entries_.begin(), entries_, entry);
    }
    return *entries_.front().second;
  }

 private:
  size_t most_;
  std::list<std::pair<BatchShape, std::unique_ptr<Program>>> entries_;
};

}  // namespace frugal

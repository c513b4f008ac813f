// Compiled programs by what they were compiled for, the most recently used kept.
#pragma once

#include <algorithm>
#include <list>
#include <memory>
#include <utility>

#include "frugal/data/batch.h"
#include "frugal/runtime/program.h"

namespace frugal {

template <class Key>
class ProgramCacheOf {
 public:
  explicit ProgramCacheOf(size_t most) : most_(most) {}

  // The program for this key, from `make()` when there is none. Valid until the next call.
  template <class F>
  Program& get(const Key& key, F&& make) {
    auto entry =
        std::find_if(entries_.begin(), entries_.end(), [&](const auto& e) { return e.first == key; });
    if (entry == entries_.end()) {
      entries_.emplace_front(key, make());
      if (entries_.size() > most_) entries_.pop_back();
    } else {
      entries_.splice(entries_.begin(), entries_, entry);
    }
    return *entries_.front().second;
  }

  void clear() { entries_.clear(); }

 private:
  size_t most_;
  std::list<std::pair<Key, std::unique_ptr<Program>>> entries_;
};

using ProgramCache = ProgramCacheOf<BatchShape>;

}  // namespace frugal

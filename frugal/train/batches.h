// The order of the examples: a pure function of seed and step, so a resume needs the step alone.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace frugal {

class BatchOrder {
 public:
  // `lengths` of the examples in tokens; `pool` batches' worth are sorted by length before they are cut (1:
  // none).
  BatchOrder(std::vector<int64_t> lengths, int64_t batch_size, int64_t pool, uint64_t seed);

  int64_t batches_per_epoch() const { return batches_; }
  // Indices of batch `index` (counted through all epochs); valid until the next call for another epoch.
  std::span<const int64_t> batch(int64_t index);

 private:
  void make_epoch(int64_t epoch);

  std::vector<int64_t> lengths_;
  int64_t batch_size_, pool_, batches_;
  uint64_t seed_;
  int64_t epoch_ = -1;
  std::vector<std::vector<int64_t>> order_;
};

}  // namespace frugal

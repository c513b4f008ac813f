#include "frugal/train/batches.h"

#include <algorithm>

#include "frugal/base/checked.h"
#include "frugal/base/random.h"

namespace frugal {

BatchOrder::BatchOrder(std::vector<int64_t> lengths, int64_t batch_size, int64_t pool, uint64_t seed)
    : lengths_(std::move(lengths)),
      batch_size_(batch_size),
      pool_(pool),
      batches_(ceil_div(static_cast<int64_t>(lengths_.size()), batch_size)),
      seed_(seed) {}

std::span<const int64_t> BatchOrder::batch(int64_t index) {
  const int64_t epoch = index / batches_;
  if (epoch != epoch_) make_epoch(epoch);
  return order_[index % batches_];
}

void BatchOrder::make_epoch(int64_t epoch) {
  epoch_ = epoch;
  order_.clear();
  const uint64_t stream = hash_of("batch order") + static_cast<uint64_t>(epoch);
  std::vector<int64_t> examples =
      random_permutation(static_cast<int64_t>(lengths_.size()), Random(seed_, stream));
  const int64_t count = static_cast<int64_t>(examples.size()), chunk = batch_size_ * pool_;
  for (int64_t begin = 0; pool_ > 1 && begin < count; begin += chunk)
    std::stable_sort(examples.begin() + begin, examples.begin() + std::min(count, begin + chunk),
                     [&](int64_t a, int64_t b) { return lengths_[a] < lengths_[b]; });
  for (int64_t begin = 0; begin < count; begin += batch_size_)
    order_.emplace_back(examples.begin() + begin, examples.begin() + std::min(count, begin + batch_size_));
  if (pool_ == 1) return;
  // Sorted pools would feed short texts first: shuffle the batches.
  const std::vector<int64_t> shuffled =
      random_permutation(batches_, Random(seed_, stream + hash_of("pools")));
  std::vector<std::vector<int64_t>> order;
  for (int64_t i : shuffled) order.push_back(std::move(order_[i]));
  order_ = std::move(order);
}

}  // namespace frugal

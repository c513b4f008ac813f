// A hash map from pairs of token numbers to small values: open addressing, one cache line a look-up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace frugal {

template <class Value>
class PairMap {
 public:
  static uint64_t key(int32_t left, int32_t right) {
    return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  }

  PairMap() : slots_(16) {}

  size_t size() const { return size_; }

  // Null: not there.
  const Value* find(uint64_t key) const {
    for (size_t at = place(key);; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at].key == key) return &slots_[at].value;
      if (slots_[at].key == kFree) return nullptr;
    }
  }

  // Makes it if it is not there. References last until the next one is made.
  Value& operator[](uint64_t key) {
    for (size_t at = place(key);; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at].key == key) return slots_[at].value;
      if (slots_[at].key != kFree) continue;
      if (2 * (size_ + 1) > slots_.size()) {
        grow();
        return (*this)[key];
      }
      ++size_;
      slots_[at].key = key;
      return slots_[at].value;
    }
  }

  template <class F>
  void for_each(F&& f) const {
    for (const Slot& slot : slots_)
      if (slot.key != kFree) f(slot.key, slot.value);
  }

 private:
  static constexpr uint64_t kFree = ~uint64_t{0};  // no pair: both numbers would be -1
  struct Slot {
    uint64_t key = kFree;
    Value value{};
  };

  // Multiplication spreads the low bits upwards; the highest are the best.
  size_t place(uint64_t key) const { return ((key ^ key >> 32) * 0x9e3779b97f4a7c15) >> shift_; }

  void grow() {
    std::vector<Slot> old(2 * slots_.size());
    old.swap(slots_);
    --shift_;
    size_ = 0;
    for (Slot& slot : old)
      if (slot.key != kFree) (*this)[slot.key] = std::move(slot.value);
  }

  std::vector<Slot> slots_;
  int shift_ = 60;
  size_t size_ = 0;
};

}  // namespace frugal

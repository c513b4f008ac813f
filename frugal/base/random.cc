#include "frugal/base/random.h"

#include <cmath>
#include <numeric>
#include <utility>

namespace frugal {

std::array<uint32_t, 4> philox(uint64_t key, uint64_t counter_high, uint64_t counter_low) {
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  std::array<uint32_t, 4> c{static_cast<uint32_t>(counter_low), static_cast<uint32_t>(counter_low >> 32),
                            static_cast<uint32_t>(counter_high), static_cast<uint32_t>(counter_high >> 32)};
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53u} * c[0], p1 = uint64_t{0xCD9E8D57u} * c[2];
    c = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<uint32_t>(p1),
         static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<uint32_t>(p0)};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return c;
}

uint32_t Random::next() {
  if (index_ % 4 == 0) block_ = philox(seed_, stream_, index_ / 4);
  return block_[index_++ % 4];
}

uint64_t Random::below(uint64_t bound) {
  const uint64_t wide = (uint64_t{next()} << 32) | next();
  return static_cast<uint64_t>((static_cast<unsigned __int128>(wide) * bound) >> 64);
}

double Random::uniform() { return next() * 0x1p-32; }

double Random::normal() {
  const double radius = std::sqrt(-2 * std::log((next() + 1.0) * 0x1p-32));
  return radius * std::cos(2 * M_PI * uniform());
}

std::vector<int64_t> random_permutation(int64_t n, Random random) {
  std::vector<int64_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  for (int64_t i = n - 1; i > 0; --i) std::swap(order[i], order[random.below(i + 1)]);
  return order;
}

}  // namespace frugal

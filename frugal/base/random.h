// Counter-based random numbers: Philox-4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
// 2011).
//
// A number is a pure function of (seed, stream, index): nothing is stored, so dropout masks are recomputed
// and a resume needs integers only.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace frugal {

// FNV-1a; names streams after module paths and purposes.
constexpr uint64_t hash_of(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  return hash;
}

std::array<uint32_t, 4> philox(uint64_t key, uint64_t counter_high, uint64_t counter_low);

// A sequential reader of one stream.
class Random {
 public:
  Random(uint64_t seed, uint64_t stream) : seed_(seed), stream_(stream) {}
  Random(uint64_t seed, std::string_view stream) : Random(seed, hash_of(stream)) {}
  uint32_t next();
  uint64_t below(uint64_t bound);  // uniform in [0, bound), bound >= 1
  double uniform();                // [0, 1)
  double normal();                 // mean 0, deviation 1 (Box-Muller)

 private:
  uint64_t seed_, stream_, index_ = 0;
  std::array<uint32_t, 4> block_{};
};

// A permutation of 0..n-1 (Fisher-Yates).
std::vector<int64_t> random_permutation(int64_t n, Random random);

}  // namespace frugal

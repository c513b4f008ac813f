// Which rows of a key/value cache hold the past of which hypothesis: a table of row numbers with the
// granularity of one token, as paged attention (Kwon et al. 2023, arXiv 2309.06180) with pages of one. Rows
// are counted: hypotheses that share a past share its rows, and reordering beams moves integers only.
//
// Not synchronised.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace frugal {

class CacheRows {
 public:
  using Past = std::vector<int32_t>;  // the row of each token, in order

  struct Next {
    int parent;     // whose past goes on; -1: nobody's
    int64_t fresh;  // tokens that are appended
  };

  // Replaces all pasts by one for each of `next`. Rows that nobody keeps are free again, and are the first to
  // be taken.
  void advance(std::span<const Next> next);
  const std::vector<Past>& pasts() const { return pasts_; }
  // Rows are numbered below this: the cache must be so large.
  int64_t size() const { return static_cast<int64_t>(users_.size()); }
  int64_t used() const { return size() - static_cast<int64_t>(free_.size()); }

 private:
  int32_t take();

  std::vector<Past> pasts_;
  std::vector<int32_t> users_;  // of each row
  std::vector<int32_t> free_;   // a stack
};

}  // namespace frugal

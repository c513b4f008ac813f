#include "frugal/ops/gemm/plan.h"

namespace frugal::gemm_internal {
namespace {

constexpr int64_t kWantedItems = 16;       // enough to balance the threads of small machines
constexpr int64_t kLeastWork = 48 * 1024;  // multiply-adds an item, about 1 us: taking one costs 50 ns
constexpr int64_t kMostColumns = 4096;     // a block's share of B then fits in the last-level cache
constexpr int64_t kFewRowsColumns = 512;   // one strip: its sums (12 x 512 floats) stay in the first level
constexpr int64_t kDeep = 2048;  // k that a thread prepares of A at a time: 256 rows stay below 1 MiB

int64_t block_rows(Precision precision, int64_t row_bytes) {
  if (precision == Precision::f32) return 132;
  // Tiles go through B so fast that it must come from afar rarely: 24 KiB of a panel (K 384, bf16) last 770
  // cycles for each 32 rows.
  return std::clamp<int64_t>((int64_t{1} << 20) / std::max<int64_t>(1, row_bytes) / 32 * 32, 32, 256);
}

}  // namespace

Plan make_plan(Precision precision, const Kernel& kernel, int64_t m, int64_t n, int64_t k, bool prepared) {
  Plan plan{};
  if (m == 0 || n == 0) return plan;
  // s8 scales a whole row at once; the others can prepare A in parts.
  plan.deep = precision == Precision::s8 ? kernel.padded_k(k) : std::min(kernel.padded_k(k), kDeep);
  plan.deeps = std::max<int64_t>(1, ceil_div(k, std::max<int64_t>(1, plan.deep)));

  plan.row_blocks = ceil_div(m, block_rows(precision, plan.deep * kernel.element));
  plan.rows = ceil_div(m, plan.row_blocks);
  plan.strips = ceil_div(plan.rows, kernel.rows);
  plan.strip_rows = round_up(ceil_div(plan.rows, plan.strips), kernel.row_unit);
  plan.rows = std::min(m, plan.strips * plan.strip_rows);
  plan.row_blocks = ceil_div(m, plan.rows);

  // One strip reads B once anyway: no need to cut it to the cache's size.
  const int64_t chunks = plan.strips == 1 ? 1 : std::max<int64_t>(1, ceil_div(plan.deep, kernel.chunk));
  plan.chunk = std::max(kernel.k_unit, round_up(ceil_div(plan.deep, chunks), kernel.k_unit));

  const int64_t panels = kernel.panels(n);
  const bool few_columns = plan.strips == 1 || plan.deeps > 1;  // all their sums are kept
  const int64_t most = (few_columns ? kFewRowsColumns : kMostColumns) / kernel.cols;
  const int64_t least = ceil_div(kLeastWork, std::max<int64_t>(1, plan.rows * k * kernel.cols));
  plan.panels =
      std::clamp(ceil_div(panels, ceil_div(kWantedItems, plan.row_blocks)), std::min(least, most), most);
  if (m == 1) plan.panels = round_up(plan.panels, 4);  // the kernels take four panels at once
  if (m <= 16 && kernel.row_unit > 1) plan.panels = round_up(plan.panels, 2);  // and tiles two
  plan.col_blocks = ceil_div(panels, plan.panels);
  plan.group = plan.strips == 1 ? plan.panels : std::min(kernel.together, plan.panels);
  plan.down_first = !prepared || plan.row_blocks >= kWantedItems;

  // An odd number of cache lines from row to row: a power of two would put all rows into one cache set.
  plan.a_stride = (round_up(plan.deep * kernel.element, 64) / 64 | 1) * 64;
  plan.a_bytes = plan.strips * plan.strip_rows * plan.a_stride;
  plan.row_bytes = precision == Precision::s8 ? round_up(plan.rows * 8, 64) : 0;
  plan.strip_bytes = precision == Precision::s8 ? round_up(k * 4, 64) : 0;
  const int64_t kept = plan.deeps > 1 ? round_up(plan.panels, plan.group) : plan.group;
  plan.acc_bytes = kept * plan.strips * plan.strip_rows * kernel.cols * 4;
  return plan;
}

}  // namespace frugal::gemm_internal

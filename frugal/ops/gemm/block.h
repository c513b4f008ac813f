// One thread's part of a product.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "frugal/ops/gemm/gemm.h"
#include "frugal/ops/gemm/kernel.h"
#include "frugal/ops/gemm/plan.h"
#include "frugal/ops/gemm/prepare.h"
#include "frugal/ops/gemm/rows.h"

namespace frugal::gemm_internal {

// One thread's part of the products of one A: takes items and computes their blocks of C.
class Block {
 public:
  Block(Precision precision, const Kernel& kernel, const Plan& plan, MatrixView a, int64_t m, int64_t n,
        int64_t k, int64_t ldc, std::byte* scratch)
      : precision_(precision),
        kernel_(kernel),
        plan_(plan),
        a_(a),
        m_(m),
        n_(n),
        k_(k),
        ldc_(ldc),
        prepared_(scratch),
        row_scales_(reinterpret_cast<RowScale*>(scratch + plan.a_bytes)),
        strip_(reinterpret_cast<float*>(scratch + plan.a_bytes + plan.row_bytes)),
        sums_(scratch + plan.a_bytes + plan.row_bytes + plan.strip_bytes) {
    const int64_t far = kernel.far > 0 ? kernel.far : std::max<int64_t>(2, lines_);
    if (lines_ == 0 || plan.strips < far) return;
    lines_each_ = ceil_div(lines_, plan.strips);
    fetching_ = ceil_div(lines_, lines_each_);
  }

  // One item of one of the products of A.
  void run(const Product& product, int64_t item) {
    const auto* bytes = static_cast<const std::byte*>(product.packed_b);
    c_ = product.c;
    epilogue_ = &product.epilogue;
    panels_ = bytes + header_bytes(precision_, kernel_, n_);
    if (precision_ == Precision::s8) {
      col_scales_ = reinterpret_cast<const float*>(bytes);
      col_sums_ = reinterpret_cast<const int32_t*>(bytes) + kernel_.panels(n_) * kernel_.cols;
    }
    const int64_t row_block = plan_.down_first ? item % plan_.row_blocks : item / plan_.col_blocks;
    const int64_t col_block = plan_.down_first ? item / plan_.row_blocks : item % plan_.col_blocks;
    row0_ = row_block * plan_.rows;
    rows_ = std::min(plan_.rows, m_ - row0_);
    const int64_t first = col_block * plan_.panels;
    const int64_t count = std::min(plan_.panels, kernel_.panels(n_) - first);
    for (int64_t deep = 0; deep < plan_.deeps; ++deep) {
      prepare(row_block, deep);
      for (int64_t p = 0; p < count; p += plan_.group)
        multiply(deep, first + p, std::min(plan_.group, count - p), plan_.deeps > 1 ? p : 0);
    }
  }

 private:
  static constexpr int64_t kLine = 64, kNear = 4096;  // bytes: a cache line, and how far ahead is a little
  static constexpr int64_t kFinishRows = 64;          // their sums, 4 or 8 KiB, stay in the first-level cache

  // Brings rows [row0, row0 + rows) and this part of k into the kernel's form, unless they already are.
  void prepare(int64_t row_block, int64_t deep) {
    const int64_t k0 = deep * plan_.deep, k = std::min(plan_.deep, k_ - k0);
    const MatrixView from{a_.data + row0_ * a_.row_stride + k0 * a_.col_stride, a_.row_stride, a_.col_stride};
    if (reads_in_place(precision_, a_)) {
      a_at_ = {reinterpret_cast<const std::byte*>(from.data), a_.row_stride * 4, 4, false};
      return;
    }
    const bool by_k = precision_ == Precision::f32;
    a_at_ = {prepared_, by_k ? k * 4 : plan_.a_stride, by_k ? plan_.strip_rows * 4 : kernel_.element, by_k};
    if (row_block == prepared_row_block_ && deep == prepared_deep_) return;
    prepared_row_block_ = row_block;
    prepared_deep_ = deep;
    prepare_rows(precision_, from, rows_, k, kernel_.padded_k(k), prepared_, a_at_.step(), row_scales_,
                 strip_);
  }

  // The sums of `count` panels from `panel` over this part of k, and what follows the last part. Sums that
  // must wait for another part of k have a place of their own, `slot` panels from the start.
  void multiply(int64_t deep, int64_t panel, int64_t count, int64_t slot) {
    const int64_t k0 = deep * plan_.deep;
    const int64_t k = std::min(plan_.deep, kernel_.padded_k(k_) - k0);
    const int64_t panel_bytes = kernel_.panel_bytes(k_), per_k = kernel_.cols * kernel_.element;
    const int64_t strip_sums = plan_.strip_rows * kernel_.cols * 4;  // bytes, one panel
    const bool waits = plan_.deeps > 1 || plan_.chunk < k;
    const bool direct = precision_ == Precision::f32 && epilogue_->activation == Activation::none &&
                        (panel + count) * kernel_.cols <= n_;
    // Of one panel, several strips' sums lie one after another and are finished together: a call for each 4
    // rows took a tenth of AVX2's time.
    const int64_t at_once = plan_.group == 1 ? std::max<int64_t>(1, kFinishRows / plan_.strip_rows) : 1;
    Tile tile{};
    tile.by_k = a_at_.by_k;
    tile.a_bytes = a_at_.step();
    tile.panels = count;
    tile.b_bytes = panel_bytes;
    tile.acc_elements = strip_sums / 4;
    for (int64_t c0 = 0; c0 == 0 || c0 < k; c0 += plan_.chunk) {
      tile.k = std::min(plan_.chunk, k - c0);
      tile.first = k0 + c0 == 0;
      tile.b = panels_ + panel * panel_bytes + (k0 + c0) * per_k;
      if (kernel_.stretch > 0)
        tile.summable =
            panels_ + panel * panel_bytes + kernel_.elements_bytes(k_) + (k0 + c0) / kernel_.stretch;
      const bool last = deep + 1 == plan_.deeps && c0 + tile.k >= k;
      // What follows is fetched by the first strips, each its share of a step's lines. Where there are too
      // few of them, the first fetches a little ahead of itself.
      const int64_t part = tile.k / kernel_.step * lines_each_ * kLine;  // a strip's
      int64_t waiting = 0;                                               // strips before, not yet finished
      for (int64_t row = 0, strip = 0; row < rows_; row += plan_.strip_rows, ++strip) {
        tile.rows = std::min(plan_.strip_rows, rows_ - row);
        tile.a = a_at_.start + row * a_at_.per_row + c0 * a_at_.per_k;
        std::byte* sums = sums_ + (waits ? slot * plan_.strips + strip * plan_.group : waiting) * strip_sums;
        tile.acc = sums;
        if (strip >= fetching_)
          tile.ahead = {};
        else if (lines_each_ == 0)
          tile.ahead = {kNear, lines_ * kLine, kLine, lines_};
        else
          tile.ahead = {tile.k * per_k + strip * part, lines_each_ * kLine, lines_each_ == 1 ? 0 : kLine,
                        lines_each_};
        if (last && direct) store_to_c(tile, row, panel);
        kernel_.run(tile);
        ++waiting;
        const int64_t end = row + tile.rows;
        if (waiting < at_once && end < rows_) continue;
        if (last && !direct) {
          const int64_t first = row - (waiting - 1) * plan_.strip_rows;
          finish_rows(first, end - first, panel, count, sums - (waiting - 1) * strip_sums);
        }
        waiting = 0;
      }
    }
  }

  void store_to_c(Tile& tile, int64_t row, int64_t panel) const {
    const int64_t col = panel * kernel_.cols, at = (row0_ + row) * ldc_ + col;
    tile.c = c_ + at;
    tile.ldc = ldc_;
    tile.bias = epilogue_->bias ? epilogue_->bias + col : nullptr;
    tile.residual = epilogue_->residual ? epilogue_->residual + at : nullptr;
  }

  void finish_rows(int64_t row, int64_t rows, int64_t panel, int64_t count, const std::byte* sums) {
    const int64_t col = panel * kernel_.cols, at = (row0_ + row) * ldc_ + col;
    finish({.sums = sums,
            .panel_cols = kernel_.cols,
            .panel_stride = plan_.strip_rows * kernel_.cols,
            .rows = rows,
            .cols = std::min(count * kernel_.cols, n_ - col),
            .c = c_ + at,
            .ldc = ldc_,
            .bias = epilogue_->bias ? epilogue_->bias + col : nullptr,
            .residual = epilogue_->residual ? epilogue_->residual + at : nullptr,
            .activation = epilogue_->activation,
            .row_scales = precision_ == Precision::s8 ? row_scales_ + row : nullptr,
            .col_scales = col_scales_ ? col_scales_ + col : nullptr,
            .col_sums = col_sums_ ? col_sums_ + col : nullptr});
  }

  const Precision precision_;
  const Kernel& kernel_;
  const Plan& plan_;
  const MatrixView a_;
  const int64_t m_, n_, k_;
  const int64_t ldc_;
  const int64_t lines_ = kernel_.step * kernel_.cols * kernel_.element / kLine;  // of B, a step
  int64_t lines_each_ = 0;  // that a strip fetches of the next panel; 0: the first fetches near itself
  int64_t fetching_ = 1;    // strips that fetch
  std::byte* const prepared_;
  RowScale* const row_scales_;
  float* const strip_;
  std::byte* const sums_;
  float* c_ = nullptr;  // of the product under way, as all that follows
  const Epilogue* epilogue_ = nullptr;
  const std::byte* panels_ = nullptr;
  const float* col_scales_ = nullptr;
  const int32_t* col_sums_ = nullptr;

  int64_t row0_ = 0, rows_ = 0;  // of the item under way
  struct {
    const std::byte* start = nullptr;
    int64_t per_row = 0, per_k = 0;  // bytes
    bool by_k = false;
    int64_t step() const { return by_k ? per_k : per_row; }  // Tile::a_bytes
  } a_at_;
  int64_t prepared_row_block_ = -1, prepared_deep_ = -1;
};

}  // namespace frugal::gemm_internal

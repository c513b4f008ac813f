// One side of a padded batch, [B, L] or [B, choices, L], as callers of the reference hold it, and where each
// of its positions lies among the packed rows.
#pragma once

#include <string>
#include <vector>

#include "frugal/data/batch.h"
#include "frugal/io/safetensors.h"
#include "frugal/models/model.h"

namespace frugal {

class PaddedSide {
 public:
  PaddedSide() = default;
  // Reads `prefix` + input_ids, attention_mask, token_type_ids and position_ids, and checks them against the
  // model. `rank` is that of the ids: 2, or 3 with choices.
  PaddedSide(const TensorMap& inputs, const std::string& prefix, const ModelInfo& info, size_t rank);
  // A decoder's input made of other ids I64[B, L]: moved right by one behind `start`; ids below 0 become
  // `padding`. `mask` I64[B, L] may be empty.
  static PaddedSide moved_right(const Tensor& ids, const Tensor& mask, const ModelInfo& info);
  // From I64[B, L] each; all but the ids may be empty. `prefix` names them in errors.
  static PaddedSide of(const Tensor& ids, const Tensor& mask, const Tensor& types, const Tensor& positions,
                       const std::string& prefix, const ModelInfo& info);

  const std::vector<Sequence>& sequences() const { return sequences_; }
  const Shape& batch() const { return batch_; }  // [B] or [B, choices]
  int64_t length() const { return length_; }     // L
  int64_t positions() const { return static_cast<int64_t>(row_.size()); }
  // Packed row of position `at` of the flat padded batch; -1 where masked or outside.
  int64_t row_of(int64_t at) const { return at >= 0 && at < positions() ? row_[at] : -1; }
  // Index in the flat padded batch of each packed row.
  const std::vector<int64_t>& places() const { return place_; }
  // Rows [T, ...] laid out as [B, L, ...], zeros where there is none.
  Tensor unpack(const Tensor& rows) const;

 private:
  void pack(const Tensor& ids, const Tensor& mask, const Tensor& types, const Tensor& positions,
            const std::string& prefix, const ModelInfo& info);

  Shape batch_;
  int64_t length_ = 0;
  std::vector<int64_t> place_, row_;
  std::vector<Sequence> sequences_;
};

}  // namespace frugal

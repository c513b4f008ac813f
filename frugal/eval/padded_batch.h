// A padded batch [B, L] (or [B, choices, L]) as callers of the reference hold it, and its packed rows.
#pragma once

#include <string>
#include <vector>

#include "frugal/data/batch.h"
#include "frugal/io/safetensors.h"
#include "frugal/models/model.h"
#include "frugal/runtime/program.h"

namespace frugal {

class PaddedBatch {
 public:
  // Reads input_ids, attention_mask, token_type_ids and position_ids and checks them against the model.
  PaddedBatch(const TensorMap& inputs, const ModelInfo& info);

  const PackedBatch& packed() const { return packed_; }
  // What `labels` mean, from the head and the type of the labels given; none when there are none.
  LabelKind labels(const TensorMap& inputs, const ModelInfo& info) const;
  // Writes the labels that the program wants; a class beyond the head's is an Error.
  void write_labels(const TensorMap& inputs, const ModelInfo& info, Program& program) const;
  // Lays an output out as the caller's batch, zeros where nothing was computed.
  Tensor unpack(const Tensor& value, Rows rows) const;

 private:
  void write_token_labels(const Tensor& given, Tensor target) const;
  void write_span_labels(const Tensor& given, Tensor target) const;

  Shape batch_;                 // [B] or [B, choices]
  int64_t length_ = 0;          // L
  std::vector<int64_t> place_;  // of each packed row: its index in the flat padded batch
  std::vector<int64_t> row_;    // of each flat padded position: its packed row, -1 where masked
  PackedBatch packed_;
};

}  // namespace frugal

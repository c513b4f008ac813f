// A padded batch as callers of the reference hold it, and its packed rows: a source and, for models with a
// decoder, a target.
#pragma once

#include <string>

#include "frugal/eval/padded_side.h"
#include "frugal/eval/xlnet_inputs.h"
#include "frugal/runtime/program.h"

namespace frugal {

class PaddedBatch {
 public:
  // Reads the ids, masks, types and positions of both sides and checks them against the model. A decoder's
  // input that is not given is made of the labels, as the reference makes it.
  PaddedBatch(const TensorMap& inputs, const ModelInfo& info);

  const PackedBatch& packed() const { return packed_; }
  const PaddedSide& source() const { return source_; }
  const PaddedSide& target() const { return target_; }
  // What `labels` mean, from the head and the type of the labels given; none when there are none.
  LabelKind labels(const TensorMap& inputs, const ModelInfo& info) const;
  // Writes the labels that the program wants, and what XLNet and Reformer read beside tokens; a class beyond
  // the head's is an Error.
  void write_labels(const TensorMap& inputs, const ModelInfo& info, Program& program) const;
  // Lays an output out as the caller's batch, zeros where nothing was computed.
  Tensor unpack(const Tensor& value, Rows rows) const;

 private:
  void write_token_labels(const PaddedSide& side, const Tensor& given, bool shifted, Tensor target) const;
  void write_span_labels(const Tensor& given, Tensor target) const;

  PaddedSide source_, target_;
  PackedBatch packed_;
  XlnetInputs xlnet_;
};

}  // namespace frugal

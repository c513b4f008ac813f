// What XLNet reads beside tokens, under the names of its reference's forward():
//
//   input_mask      [B, L]     1 - attention_mask
//   perm_mask       [B, L, L]  above 0 where token i does not see token j
//   target_mapping  [B, P, L]  each row is 0 but for one 1: the position that query i predicts. A row of
//   zeros
//                              is a query left out: it comes back as zeros and counts nowhere.
//   mems.<layer>    [M, B, H]  rows before the tokens, seen by all
//   p_mask          [B, L]     1 where no answer may begin or end
//   cls_index       [B]        the classifying token; without it the last one
//   is_impossible   [B]        1 where there is no answer; it counts with cls_index only
//
// As everywhere, positions that attention_mask leaves out are seen by nobody; a query may stand there.
#pragma once

#include <map>
#include <string>

#include "frugal/eval/padded_side.h"
#include "frugal/runtime/program.h"

namespace frugal {

// The inputs with an attention_mask made of input_mask, if that is given.
TensorMap with_attention_mask(const TensorMap& inputs);

class XlnetInputs {
 public:
  XlnetInputs() = default;
  // Gives `queries` and the batch's target side what target_mapping says, and the batch its shape. Errors
  // name the tensor.
  XlnetInputs(const TensorMap& inputs, const ModelInfo& info, const PaddedSide& source, PaddedSide& queries,
              PackedBatch& batch);
  // Writes what the program wants.
  void write(Program& program) const;

 private:
  void read_answers(const TensorMap& inputs, const PaddedSide& source, const PackedBatch& batch);

  std::map<std::string, Tensor> tensors_;  // by the program's names
};

}  // namespace frugal

// Fills [MASK] in a text with a masked-LM head.
#pragma once

#include <string>
#include <vector>

#include "frugal/predict/text_model.h"

namespace frugal {

struct Filling {
  std::string piece;
  int32_t id = 0;
  double probability = 0;
};

// Whether the model has a masked-LM head.
bool fills_masks(const ModelInfo& info);
// The output with such a head's scores of all pieces, one row a token.
std::string word_logits(const ModelInfo& info);

class MaskFiller {
 public:
  // Throws Error when the model has no masked-LM head or its tokenizer no mask token.
  explicit MaskFiller(TextModel model);

  // For each mask of the text, the `top` likeliest pieces, best first. A text without a mask is an Error.
  std::vector<std::vector<Filling>> fill(const std::string& text, int top);

 private:
  TextModel model_;
};

}  // namespace frugal

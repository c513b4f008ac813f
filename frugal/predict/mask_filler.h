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

class MaskFiller {
 public:
  // Throws Error when the folder has no masked-LM head or its tokenizer no mask token.
  static MaskFiller load(const std::string& folder, const Context& context, TextModelOptions options = {});

  // For each mask of the text, the `top` likeliest pieces, best first. A text without a mask is an Error.
  std::vector<std::vector<Filling>> fill(const std::string& text, int top);

 private:
  explicit MaskFiller(TextModel model) : model_(std::move(model)) {}
  TextModel model_;
};

}  // namespace frugal

// Sentence vectors as sentence-transformers computes them: mean over the tokens, normalised, as the folder's
// modules.json and 1_Pooling/config.json say.
#pragma once

#include <string>
#include <vector>

#include "frugal/predict/text_model.h"

namespace frugal {

class Embedder {
 public:
  // Throws Error when the folder asks for another pooling than the mean, naming it.
  static Embedder load(const std::string& folder, const Context& context, TextModelOptions options = {});
  static Embedder of(ModelFolder folder, const Context& context, TextModelOptions options = {});

  std::vector<std::vector<float>> embed(const std::vector<std::string>& texts);
  TextModel& model() { return model_; }

 private:
  explicit Embedder(TextModel model) : model_(std::move(model)) {}
  TextModel model_;
};

}  // namespace frugal

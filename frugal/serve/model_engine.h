// The engine over a model folder: its classifier, where it has one, and its sentence vectors.
#pragma once

#include <optional>
#include <string>

#include "frugal/predict/classifier.h"
#include "frugal/predict/embedder.h"
#include "frugal/serve/engine.h"

namespace frugal {

class ModelEngine : public Engine {
 public:
  // max_length 0: what the model's files say. Throws Error when the folder is no model, or its weights give
  // no finite answer to a first text.
  ModelEngine(ModelFolder folder, const Context& context, int max_length = 0);

  const EngineInfo& info() const override { return info_; }
  std::vector<std::vector<float>> classify(std::span<const Text> texts) override;
  std::vector<std::vector<float>> embed(std::span<const Text> texts) override;

 private:
  void check_with_one_text();

  EngineInfo info_;
  std::optional<Classifier> classifier_;
  // The sentence vectors: of a classifier from the same weights in memory, else by the files that
  // sentence-transformers leaves in the folder.
  std::optional<TextModel> vectors_;
  std::optional<Embedder> embedder_;
};

}  // namespace frugal

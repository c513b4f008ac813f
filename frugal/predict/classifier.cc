#include "frugal/predict/classifier.h"

#include <algorithm>
#include <cmath>

#include "frugal/base/error.h"
#include "frugal/predict/softmax.h"

namespace frugal {
namespace {

// Probabilities from logits: softmax, or one sigmoid a label.
void to_probabilities(std::vector<float>& scores, bool independent) {
  if (!independent) return softmax(scores);
  for (float& score : scores) score = 1 / (1 + std::exp(-score));
}

}  // namespace

Classifier Classifier::load(const std::string& folder, int threads) {
  return Classifier(TextModel(load_model_folder(folder), Context::make(threads)));
}

Classifier::Classifier(TextModel model)
    : model_(std::move(model)), regression_(default_labels(model_.info()) == LabelKind::real) {
  const ModelInfo& info = model_.info();
  if (info.head != "ForSequenceClassification")
    throw Error(model_.folder().path, fmt::format("{} is no text classifier", info.architecture),
                "fine-tune one with `frugal train` or `frugal shrink`");
  labels_ = label_names(info);
}

std::vector<Prediction> Classifier::classify(const std::vector<std::string>& texts) {
  std::vector<Text> items;
  for (const std::string& text : texts) items.push_back({text, {}, false});
  return classify(items);
}

std::vector<Prediction> Classifier::classify(std::span<const Text> texts) {
  return classify(std::span<const Sequence>(model_.tokenize(texts)));
}

std::vector<Prediction> Classifier::classify(std::span<const Sequence> sequences) {
  std::vector<Prediction> predictions(sequences.size());
  const bool independent = default_labels(model_.info()) == LabelKind::multi_hot;
  model_.run(sequences, "logits", [&](size_t i, std::span<const float> logits) {
    Prediction& p = predictions[i];
    p.scores.assign(logits.begin(), logits.end());
    if (regression_) {
      p.score = p.scores[0];
      return;
    }
    p.index = static_cast<int>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    to_probabilities(p.scores, independent);
    p.label = labels_[p.index];
    p.score = p.scores[p.index];
  });
  return predictions;
}

}  // namespace frugal

// Text classification and regression with a model folder: the library's front door.
//
//   auto classifier = frugal::Classifier::load("small/");
//   for (const auto& p : classifier.classify({"I lost my card"})) std::cout << p.label << ' ' << p.score <<
//   '\n';
#pragma once

#include <string>
#include <vector>

#include "frugal/predict/text_model.h"

namespace frugal {

struct Prediction {
  std::string label;  // the best one's name ("LABEL_3" when the folder names none); empty for regression
  int index = 0;      // its number
  double score = 0;   // its probability; the value itself for regression
  std::vector<float> scores;  // probabilities of all labels, in the model's order
};

class Classifier {
 public:
  // threads == 0: all cores. Throws Error when the folder holds no sequence classifier.
  static Classifier load(const std::string& folder, int threads = 0);
  explicit Classifier(TextModel model);

  std::vector<Prediction> classify(const std::vector<std::string>& texts);
  std::vector<Prediction> classify(std::span<const Text> texts);
  std::vector<Prediction> classify(std::span<const Sequence> sequences);

  const std::vector<std::string>& labels() const { return labels_; }
  bool regression() const { return regression_; }
  TextModel& model() { return model_; }

 private:
  TextModel model_;
  std::vector<std::string> labels_;
  bool regression_;
};

}  // namespace frugal

// Classification by labels that the model was not trained for.
//
// A classifier of textual entailment says whether the text entails "This example is LABEL." (Yin, Hay & Roth,
// 2019). A language model or an encoder-decoder model says how likely it finds LABEL after a prompt made of
// the text (rank classification: Sanh et al., "Multitask prompted training", T0, 2021).
#pragma once

#include <string>
#include <vector>

#include "frugal/predict/text_model.h"

namespace frugal {

struct ZeroShotOptions {
  std::vector<std::string> labels;
  std::string hypothesis = "This example is {}.";  // {}: the label
  std::string prompt = "{}";                       // {}: the text; of models that generate
  bool independent = false;                        // any number of labels may be right (entailment only)
};

class ZeroShot {
 public:
  // Throws Error when the model is of neither kind, UsageError for labels or patterns that cannot be.
  ZeroShot(TextModel model, ZeroShotOptions options);

  // The probability of each label, in the labels' order: over the labels, or each for itself.
  std::vector<float> classify(const std::string& text);

 private:
  std::vector<float> by_entailment(const std::string& text);
  std::vector<float> by_likelihood(const std::string& text);

  TextModel model_;
  ZeroShotOptions options_;
  int64_t entailment_ = -1, contradiction_ = -1;  // the classifier's labels
};

}  // namespace frugal

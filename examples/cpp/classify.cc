// Labels texts with a model folder: classify FOLDER TEXT...
// Prints a line a text: label, probability, text. For a regression model the label is empty and the second
// column is the value.
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "frugal/predict/classifier.h"

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: classify FOLDER TEXT...\n";
    return 2;
  }
  const std::vector<std::string> texts(argv + 2, argv + argc);
  try {
    frugal::Classifier classifier = frugal::Classifier::load(argv[1]);
    const std::vector<frugal::Prediction> predictions = classifier.classify(texts);
    for (size_t i = 0; i < texts.size(); ++i)
      std::cout << predictions[i].label << '\t' << predictions[i].score << '\t' << texts[i] << '\n';
  } catch (const std::exception& error) {  // a frugal::Error says what, where, and what to do about it
    std::cerr << "classify: " << error.what() << '\n';
    return 1;
  }
  return 0;
}

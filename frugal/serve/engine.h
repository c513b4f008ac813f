// What the server answers with: a model behind three functions, so that the HTTP side is tested without one.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "frugal/predict/text_model.h"

namespace frugal {

struct EngineInfo {
  std::string model;         // the folder's name, without its path
  std::string architecture;  // "BertForSequenceClassification"
  bool classifier = false;   // classify() may be called
  bool regression = false;   // its one score is a value, not a probability
  std::vector<std::string> labels;
  int64_t dimensions = 0;  // of a sentence vector
  int max_length = 0;      // tokens of a text; longer ones are cut
};

// One text's answer never depends on the others in the call. Throws Error. One call at a time, from one
// thread; info() never changes and may be read from any.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual const EngineInfo& info() const = 0;
  // A row a text: the score of each of info().labels, or one value for regression.
  virtual std::vector<std::vector<float>> classify(std::span<const Text> texts) = 0;
  // A row of info().dimensions a text.
  virtual std::vector<std::vector<float>> embed(std::span<const Text> texts) = 0;
};

}  // namespace frugal

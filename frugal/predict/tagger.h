// Labels of the words of a text, by a token classifier: names of people and places, parts of speech.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "frugal/predict/text_model.h"

namespace frugal {

// Bytes [begin, end) of the text.
struct Tag {
  std::string label;
  size_t begin = 0, end = 0;
  double score = 0;  // the label's probability; of several tokens, their mean
};

class Tagger {
 public:
  // Throws Error when the folder holds no token classifier.
  explicit Tagger(TextModel model);

  // The best label of each token. A text that is too long is read in windows that overlap by half.
  std::vector<Tag> tokens(std::string_view text);
  // Neighbours of one label as one tag without their "B-" and "I-", "O" left out ("B-" begins a new one).
  std::vector<Tag> entities(std::string_view text);

 private:
  TextModel model_;
  std::vector<std::string> labels_;
};

}  // namespace frugal

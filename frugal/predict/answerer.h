// Answers to questions as parts of a text, by a span head (Rajpurkar et al., "SQuAD", 2016 and 2018).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "frugal/predict/text_model.h"

namespace frugal {

// Bytes [begin, end) of the text; no answer is {0, 0}.
struct Answer {
  size_t begin = 0, end = 0;
  double score = 0;  // probability of the start times that of the end
};

struct AnswerOptions {
  int top = 1;
  int longest = 15;        // tokens of an answer
  int window = 384;        // tokens of question and text, at most what the model allows
  int overlap = 128;       // tokens by which the windows of a long text overlap
  bool no_answer = false;  // the text may not hold one: that is then among the answers
};

class Answerer {
 public:
  // Throws Error when the folder holds no span head.
  explicit Answerer(TextModel model);

  // The best answers, best first, no part of the text twice. Probabilities are over the text's tokens of a
  // window and its first token, which stands for "no answer": that has the least such probability of all
  // windows.
  std::vector<Answer> answer(std::string_view question, std::string_view text, const AnswerOptions& options);

 private:
  TextModel model_;
};

}  // namespace frugal

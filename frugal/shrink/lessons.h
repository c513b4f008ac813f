// What students learn from: the training texts and their noisy copies (augment.h), with what the frozen
// teacher says of each. The copies have no label but the teacher's.
//
// The answers lie in files, a part of 4,096 texts each (5 s of two AVX2 cores asking six layers in int8),
// and are read as they are mapped: a kill loses one part, and what memory they take (150 to 600 MB for the
// 81,027 lessons of BANKING77) the system can have back.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "frugal/base/progress.h"
#include "frugal/predict/text_model.h"
#include "frugal/shrink/augment.h"
#include "frugal/shrink/distill.h"
#include "frugal/train/dataset.h"

namespace frugal {

struct LessonSpec {
  std::string folder;                             // for the answers; made if missing
  Augmentation augmentation;                      // copies >= 0
  std::vector<std::vector<int32_t>> spelled_for;  // vocabularies that copies are spelled for, in turn
  std::set<std::string> taps;                     // "hidden.6": hidden states that students match
  int max_length = 0;                             // tokens of a lesson at most
  uint64_t seed = 0;
  double weight = 1;  // of asking, as a phase
};

struct Lessons {
  Part part;  // the training texts first
  std::shared_ptr<const TeacherAnswers> answers;
};

// `teacher` opens the teacher and is called only if some part is not answered yet. Interrupted between two
// parts when asked to stop. The same bits after a kill, at any number of threads.
Lessons make_lessons(const LessonSpec& spec, const Part& training, const Tokenizer& tokenizer,
                     const std::function<TextModel()>& teacher, Progress& progress);

// Copies of each text when nothing is said: as many as make about 80,000 lessons, 2 to 20. A student of one
// layer learns a function from examples of it, and distinct ones count: BANKING77's 9,003 texts, seed 1, test
// accuracy after 540,000 lessons of 2 or 8 copies 91.3 or 92.5 %, teacher 92.7 %.
int64_t default_copies(int64_t texts);

}  // namespace frugal

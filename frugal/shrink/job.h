// The main job: fine-tune a teacher, make smaller students, measure them all, keep the smallest that is good
// enough.
//
// The ladder is a list of rungs, each a way to make one trained model (the teacher itself; students of fewer
// layers); every rung gives up to six candidates: with the full, a common or the trimmed vocabulary, in fp32
// or int8. Students are tried from the shallowest up, until a candidate of one depth surely holds the target;
// the deeper ones, which would be larger, are dropped unseen. A new method is one more rung.
//
// Layout of the output folder: the winner as a model folder, report.html, report.json, and work/ with the
// teacher, the students, their curves, and run.json, by which the same command continues after a kill.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "frugal/base/progress.h"
#include "frugal/shrink/augment.h"
#include "frugal/shrink/distill.h"
#include "frugal/train/dataset.h"
#include "frugal/train/options.h"

namespace frugal {

struct ShrinkOptions {
  std::string model, out;
  DataOptions data;
  double target = 0.99;  // share of the teacher's metric to keep
  int max_length = 0;    // tokens; 0: the model's own limit
  TrainOptions teacher, student;
  DistillWeights distill;
  Augmentation augmentation;      // of the texts that students learn from; its copies are those below
  std::optional<int64_t> copies;  // of each text; unset: default_copies() of lessons.h
  std::vector<int64_t> depths;    // of students; empty: half of the teacher's layers and fewer
  bool trim = true, int8 = true;
  int32_t common_pieces =
      6000;             // kept by the common vocabulary beside what the training text uses; 0: no such one
  bool all = false;     // train and measure every depth, also those that cannot win
  std::string command;  // for the report
  bool resume = false;  // the folder must hold a run to continue

  void check() const;
  Json to_json() const;  // all that the result depends on
};

struct ShrinkOutcome {
  bool target_met = false;
  std::string summary;  // a few lines for people
  Json report;          // what report.json holds
};

// What students get when nothing is said: they are cheap and learn from soft answers for longer, which bear a
// higher rate than labels do.
double default_student_epochs(double teacher_epochs);
double default_student_rate(double teacher_rate);
// Those of a student of `depth` layers: student.epochs for two. One layer is only asked for one row a text,
// so that an epoch of it costs a fifth: it makes six times as many. Deeper ones start nearer to the teacher
// and cost more: they make no more than it does. BANKING77, seed 1, eight copies, test accuracy (n = 3,080;
// teacher 92.7 %): one layer 92.5 % with 60 epochs, two 92.3 % with 10.
double student_epochs(const ShrinkOptions& options, int64_t depth);

// Noisy copies of each of so many training texts: those asked for, or default_copies() of lessons.h.
int64_t student_copies(const ShrinkOptions& options, int64_t texts);

ShrinkOutcome run_shrink(const ShrinkOptions& options, const Context& context, Progress& progress);

}  // namespace frugal

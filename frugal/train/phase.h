// One training run as a phase of a job: it shows progress, writes its curves, survives kills, and leaves a
// model folder with a result.json. A finished phase is not run again.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "frugal/base/progress.h"
#include "frugal/train/dataset.h"
#include "frugal/train/trainer.h"

namespace frugal {

struct PhaseSpec {
  std::string
      folder;         // of the model it leaves; "<folder>.steps" holds checkpoints, "<folder>/metrics" curves
  std::string title;  // on the progress line
  double weight = 1;  // expected share of the job's work
  std::string tokenizer;  // folder whose tokenizer files are copied
  TrainOptions options;
  // Whether the run may stop because its score cannot reach what is needed any more; empty: never.
  std::function<bool(double score, double last_gain, double epochs_left)> hopeless;
};

struct PhaseResult {
  std::shared_ptr<const Model> model;
  std::shared_ptr<Store> store;
  TrainResult training;
  bool gave_up = false;  // by PhaseSpec::hopeless
};

// Starts from `store` (writable; its content is what step 0 begins with), or loads what an earlier run
// finished.
PhaseResult run_phase(const PhaseSpec& spec, const std::shared_ptr<const Model>& model,
                      const std::shared_ptr<Store>& store, const std::shared_ptr<const Objective>& objective,
                      const Part& training, const Part& validation, const Context& context,
                      Progress& progress);

// The phase's score on a part: accuracy, or Spearman's correlation for regression.
double score_on(const Model& model, const std::shared_ptr<Store>& store, const Part& part,
                const Context& context);

}  // namespace frugal

// The training loop: steps, evaluation, checkpoints, resume.
//
// The state of a run is the step number and the store's tensors; everything else (data order, dropout,
// learning rate) is a pure function of options and step. So a run that was killed and resumed ends with the
// same bits.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "frugal/base/context.h"
#include "frugal/train/batches.h"
#include "frugal/train/step_graph.h"

namespace frugal {

struct TrainProgress {
  int64_t step = 0, steps = 0;
  double epoch = 0, loss = 0, learning_rate = 0;
  int64_t tokens = 0;         // real tokens so far in this process
  double seconds = 0;         // in this process
  double seconds_before = 0;  // of the run before it was resumed
};

struct TrainHooks {
  std::function<void(const TrainProgress&)> on_step;
  // Score on the validation part after each epoch, higher is better; empty: none.
  std::function<double(const std::shared_ptr<Store>&)> evaluate;
  std::function<void(const TrainProgress&, double score)> on_evaluation;
  std::function<bool()> give_up;  // asked after each evaluation: ends the run with what it has
};

struct TrainResult {
  int64_t steps = 0;
  double last_loss = 0, best_score = 0;
  double seconds = 0, cpu_seconds = 0;  // all sessions of the run together
  double step_seconds = 0;              // of those, in steps: without evaluation and checkpoints
  int64_t tokens = 0;                   // likewise
  int64_t rows_computed = 0;            // tokens and the buckets' round-up
  double best_epoch = 0;
  bool stopped_early = false;
};

class Trainer {
 public:
  // `store` holds writable weights and is updated in place. Checkpoints go under `checkpoints` (empty: none).
  Trainer(std::shared_ptr<const Model> model, std::shared_ptr<Store> store, Context context,
          std::shared_ptr<const Objective> objective, std::vector<Sequence> sequences, TrainOptions options,
          std::string checkpoints = {});
  ~Trainer();

  int64_t total_steps() const;
  // Continues from the newest valid checkpoint, if there is one made with the same options; returns its step.
  int64_t resume();
  // Runs to the end. Throws Interrupted after saving when base/interrupt.h says so, and Error when the loss
  // diverges.
  TrainResult run(const TrainHooks& hooks = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace frugal

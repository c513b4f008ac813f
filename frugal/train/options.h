// What a training run is told: the recipe's numbers. Every field has the default that suits small models.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "frugal/io/json.h"
#include "frugal/ops/gemm/gemm.h"

namespace frugal {

enum class Schedule : uint8_t { linear, cosine, constant };  // after warm-up; linear and cosine fall to 0

struct TrainOptions {
  double epochs = 5;
  int64_t max_steps = 0;  // > 0: stop after so many, whatever the epochs
  int64_t batch_size = 32;
  int64_t accumulation = 1;  // batches whose gradients are averaged into one update
  double learning_rate = 3e-4;
  Schedule schedule = Schedule::linear;
  double warmup = 0.1;  // share of all steps
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double weight_decay = 0.01;  // of matrices; biases, norms and embeddings are not decayed
  double clip = 1.0;           // largest norm of the gradient; 0: no clipping
  double label_smoothing = 0;
  bool store_activations = false;  // of reversible layers: faster than rebuilding them, and more memory
  int64_t length_pool =
      1;  // batches' worth of examples sorted by length before they are cut into batches; packed
          // rows need none of it (nothing is padded), so the default is plain shuffling
  int64_t patience = 0;   // epochs without a better validation score before stopping; 0: never
  bool keep_best = true;  // return the weights of the best epoch, not of the last
  uint64_t seed = 0;
  double checkpoint_seconds = 30;
  int keep_checkpoints = 2;
  std::optional<Precision> precision;  // of products; unset: bf16 where the CPU has it

  // Throws UsageError for values that make no sense, naming the option.
  void check() const;
  Json to_json() const;
};

Schedule schedule_from_name(const std::string& name);
std::string_view name_of(Schedule schedule);
// The learning rate of step 0 <= step < steps.
double learning_rate_at(const TrainOptions& options, int64_t step, int64_t steps);

}  // namespace frugal

#include "frugal/train/options.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "frugal/base/error.h"

namespace frugal {
namespace {

constexpr std::array<std::string_view, 3> kSchedules{"linear", "cosine", "constant"};

void check_range(double value, double least, double most, std::string_view option) {
  if (!(value >= least && value <= most))
    throw UsageError(fmt::format("--{} {} is not in [{}, {}]", option, value, least, most));
}

}  // namespace

void TrainOptions::check() const {
  check_range(epochs, 0, 100000, "epochs");
  check_range(static_cast<double>(max_steps), 0, 1e12, "max-steps");
  check_range(static_cast<double>(batch_size), 1, 65536, "batch-size");
  check_range(static_cast<double>(accumulation), 1, 65536, "accumulation");
  if (!(learning_rate > 0 && learning_rate <= 10))
    throw UsageError(fmt::format("--lr {} is not a positive learning rate (at most 10)", learning_rate));
  check_range(warmup, 0, 1, "warmup");
  check_range(weight_decay, 0, 10, "weight-decay");
  check_range(clip, 0, 1e9, "clip");
  check_range(label_smoothing, 0, 0.999, "label-smoothing");
  check_range(static_cast<double>(length_pool), 1, 1e9, "length-pool");
  check_range(static_cast<double>(patience), 0, 1e6, "patience");
  check_range(checkpoint_seconds, 0, 1e9, "checkpoint-seconds");
}

Json TrainOptions::to_json() const {
  return {{"epochs", epochs},
          {"max_steps", max_steps},
          {"batch_size", batch_size},
          {"accumulation", accumulation},
          {"learning_rate", learning_rate},
          {"schedule", std::string(name_of(schedule))},
          {"warmup", warmup},
          {"betas", {beta1, beta2}},
          {"epsilon", epsilon},
          {"weight_decay", weight_decay},
          {"clip", clip},
          {"label_smoothing", label_smoothing},
          {"store_activations", store_activations},
          {"length_pool", length_pool},
          {"patience", patience},
          {"keep_best", keep_best},
          {"seed", seed},
          {"precision", precision ? std::string(name_of(*precision)) : "auto"}};
}

Schedule schedule_from_name(const std::string& name) {
  const auto found = std::find(kSchedules.begin(), kSchedules.end(), name);
  if (found == kSchedules.end())
    throw UsageError(fmt::format("unknown schedule '{}'", name), "one of linear, cosine, constant");
  return static_cast<Schedule>(found - kSchedules.begin());
}

std::string_view name_of(Schedule schedule) { return kSchedules[static_cast<size_t>(schedule)]; }

double learning_rate_at(const TrainOptions& options, int64_t step, int64_t steps) {
  const double warm = std::ceil(options.warmup * static_cast<double>(steps));
  const double at = static_cast<double>(step);
  if (at < warm) return options.learning_rate * (at + 1) / warm;
  if (options.schedule == Schedule::constant) return options.learning_rate;
  const double done = (at - warm) / std::max(1.0, static_cast<double>(steps) - warm);  // 0 <= done < 1
  const double share = options.schedule == Schedule::linear ? 1 - done : 0.5 * (1 + std::cos(M_PI * done));
  return options.learning_rate * share;
}

}  // namespace frugal

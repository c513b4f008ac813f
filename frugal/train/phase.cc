#include "frugal/train/phase.h"

#include <filesystem>

#include "frugal/base/format.h"
#include "frugal/eval/measure.h"
#include "frugal/io/file.h"
#include "frugal/models/folder.h"
#include "frugal/train/metrics.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;

Json to_json(const TrainResult& r, bool gave_up) {
  return {{"steps", r.steps},
          {"last_loss", r.last_loss},
          {"best_score", r.best_score},
          {"best_epoch", r.best_epoch},
          {"seconds", r.seconds},
          {"cpu_seconds", r.cpu_seconds},
          {"step_seconds", r.step_seconds},
          {"tokens", r.tokens},
          {"rows_computed", r.rows_computed},
          {"stopped_early", r.stopped_early},
          {"gave_up", gave_up}};
}

PhaseResult load_result(const PhaseSpec& spec) {
  const std::string where = spec.folder + "/result.json";
  const Json json = load_json(where);
  FolderOptions options;
  options.tokenizer = false;
  const ModelFolder folder = load_model_folder(spec.folder, options);
  PhaseResult result{folder.model, folder.store, {}, get_bool(json, "gave_up", where)};
  TrainResult& r = result.training;
  r.steps = get_int(json, "steps", where);
  r.last_loss = get_double(json, "last_loss", where);
  r.best_score = get_double(json, "best_score", where);
  r.best_epoch = get_double(json, "best_epoch", where);
  r.seconds = get_double(json, "seconds", where);
  r.cpu_seconds = get_double(json, "cpu_seconds", where);
  r.step_seconds = get_double(json, "step_seconds", where);
  r.tokens = get_int(json, "tokens", where);
  r.rows_computed = get_int(json, "rows_computed", where);
  r.stopped_early = get_bool(json, "stopped_early", where);
  return result;
}

// Watches the scores of a run for PhaseSpec::hopeless.
struct Watch {
  double last = 0;
  bool gave_up = false;
};

}  // namespace

double score_on(const Model& model, const std::shared_ptr<Store>& store, const Part& part,
                const Context& context) {
  return quality_of(answer(model, store, context, part.sequences, part.targets), part.targets).value.value;
}

PhaseResult run_phase(const PhaseSpec& spec, const std::shared_ptr<const Model>& model,
                      const std::shared_ptr<Store>& store, const std::shared_ptr<const Objective>& objective,
                      const Part& training, const Part& validation, const Context& context,
                      Progress& progress) {
  if (fs::exists(fs::path(spec.folder) / "result.json")) {
    progress.skip(spec.title, spec.weight);
    return load_result(spec);
  }
  Trainer trainer(model, store, context, objective, training.sequences, spec.options, spec.folder + ".steps");
  const int64_t resumed = trainer.resume();
  make_folder(spec.folder);
  MetricsWriter metrics(spec.folder + "/metrics",
                        resumed > 0 ? std::optional<int64_t>(resumed) : std::nullopt);
  progress.begin({spec.title, trainer.total_steps(), spec.weight, resumed, "tok"});

  TrainHooks hooks;
  int64_t seen = -1;
  hooks.on_step = [&](const TrainProgress& p) {
    progress.advance(p.step, seen < 0 ? 0 : p.tokens - seen, p.loss);
    seen = p.tokens;
    metrics.write(p.step, "train", {{"loss", p.loss}, {"lr", p.learning_rate}});
  };
  Watch watch;
  if (validation.size() > 0) {
    hooks.evaluate = [&](const std::shared_ptr<Store>& weights) {
      return score_on(*model, weights, validation, context);
    };
    hooks.on_evaluation = [&](const TrainProgress& p, double score) {
      metrics.write(p.step, "validation", {{"score", score}});
      progress.say(fmt::format("  {} epoch {:.1f}: loss {:.4f}, validation {:.4f}", spec.title, p.epoch,
                               p.loss, score));
      const double epochs_left =
          static_cast<double>(p.steps - p.step) * p.epoch / static_cast<double>(p.step);
      watch.gave_up = spec.hopeless && spec.hopeless(score, score - watch.last, epochs_left);
      watch.last = score;
    };
    hooks.give_up = [&] { return watch.gave_up; };
  }
  PhaseResult result{model, store, trainer.run(hooks), watch.gave_up};
  save_model_folder(spec.folder, *model, *store, spec.tokenizer);
  write_json(spec.folder + "/result.json", to_json(result.training, result.gave_up));
  fs::remove_all(spec.folder + ".steps");
  progress.end(validation.size() > 0 ? fmt::format("validation {:.4f}", result.training.best_score)
                                     : fmt::format("loss {:.4f}", result.training.last_loss));
  return result;
}

}  // namespace frugal

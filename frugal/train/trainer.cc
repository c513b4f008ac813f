#include "frugal/train/trainer.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "frugal/base/checked.h"
#include "frugal/base/error.h"
#include "frugal/base/interrupt.h"
#include "frugal/io/checkpoint.h"
#include "frugal/models/inference.h"
#include "frugal/models/program_cache.h"
#include "frugal/train/snapshot.h"

namespace frugal {
namespace {

constexpr size_t kMostPrograms = 96;  // kTrainingParts shapes an octave of rows, and more for longer texts

double cpu_seconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * t.tv_usec; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

struct Trainer::State {
  std::shared_ptr<const Model> model;
  std::shared_ptr<Store> store;
  Context context;
  std::shared_ptr<const Objective> objective;
  std::vector<Sequence> sequences;
  TrainOptions options;
  std::string checkpoints;
  Precision precision;
  BatchOrder order;
  ProgramCache programs;
  std::shared_ptr<Arena> arena;  // of all programs: one runs at a time
  std::unique_ptr<Program> apply;
  Snapshot best;
  // The integers and scores of the run: with the store, all of its state.
  int64_t step = 0, tokens = 0, rows = 0, epochs_without_gain = 0;
  double best_score = -INFINITY, best_epoch = 0, seconds_before = 0, cpu_before = 0, first_loss = NAN,
         mean_loss = NAN;
  double started = 0, cpu_started = 0, step_seconds = 0;
  bool stopped_early = false;

  int64_t steps_per_epoch() const { return ceil_div(order.batches_per_epoch(), options.accumulation); }

  int64_t total_steps() const {
    const auto steps =
        static_cast<int64_t>(std::llround(options.epochs * static_cast<double>(steps_per_epoch())));
    return std::max<int64_t>(1, options.max_steps > 0 ? std::min(options.max_steps, steps) : steps);
  }

  double seconds() const { return seconds_before + now() - started; }

  PackedBatch pack(std::span<const int64_t> examples) const {
    std::vector<const Sequence*> batch;
    for (int64_t i : examples) batch.push_back(&sequences[i]);
    return pack_for(model->info(), batch, true);
  }

  void write_inputs(Program& program, const PackedBatch& packed, std::span<const int64_t> examples) {
    write_batch(program, packed);
    objective->write(program, examples);
    tokens += packed.rows;
    rows += packed.shape.tokens;
    if (program.has_input("hyper")) write_hyper(program);
  }

  void write_hyper(Program& program) {
    const double t = static_cast<double>(step + 1);
    const double values[4] = {learning_rate_at(options, step, total_steps()), 1 - std::pow(options.beta1, t),
                              1 - std::pow(options.beta2, t), 0};
    Tensor hyper = program.input("hyper");
    for (int i = 0; i < 4; ++i) hyper.data<float>()[i] = static_cast<float>(values[i]);
  }

  void write_random(Program& program, int64_t batch) {
    if (!program.has_input("random")) return;
    Tensor random = program.input("random");
    random.data<int64_t>()[0] = static_cast<int64_t>(options.seed);
    random.data<int64_t>()[1] = batch;
  }

  // One update; returns the mean loss of its batches.
  double do_step() {
    const StepOptions step_opts = step_options(options);
    const int64_t batches = order.batches_per_epoch(), epoch = step / steps_per_epoch();
    const int64_t first = (step % steps_per_epoch()) * options.accumulation;
    const int64_t count = std::min(options.accumulation, batches - first);
    double loss = 0;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t batch = epoch * batches + first + i;
      const auto examples = order.batch(batch);
      const PackedBatch packed = pack(examples);
      Program& program = programs.get(packed.shape, [&] {
        const auto graph = options.accumulation == 1
                               ? update_graph(*model, *objective, packed.shape, step_opts)
                               : accumulate_graph(*model, *objective, packed.shape, step_opts,
                                                  1.0f / static_cast<float>(options.accumulation));
        return compile_for_training(*graph, context, store, precision, arena);
      });
      write_inputs(program, packed, examples);
      write_random(program, batch);
      program.run();
      loss += program.output("loss").data<float>()[0] / static_cast<double>(count);
    }
    if (options.accumulation > 1) {
      if (!apply) apply = compile_for_training(*apply_graph(*model, step_opts), context, store, precision);
      write_hyper(*apply);
      apply->run();
    }
    ++step;
    return loss;
  }

  // A loss that is no number, or stays far above where it began, will not come back.
  void check_divergence(double loss) {
    if (std::isnan(first_loss)) first_loss = mean_loss = loss;
    mean_loss += 0.05 * (loss - mean_loss);
    const bool exploded = mean_loss > 5 * first_loss + 5;
    if (std::isfinite(loss) && !exploded) return;
    throw Error(
        "training",
        fmt::format("the loss diverged at step {}: {} (it began at {:.4g})", step, loss, first_loss),
        fmt::format(
            "try a smaller --lr than {}, more --warmup, or --clip 1; the last good checkpoint is kept",
            options.learning_rate));
  }

  Json run_state() const {
    return {{"step", step},
            {"tokens", tokens},
            {"rows", rows},
            {"epochs_without_gain", epochs_without_gain},
            {"has_best", std::isfinite(best_score)},
            {"best_score", std::isfinite(best_score) ? best_score : 0},
            {"best_epoch", best_epoch},
            {"seconds", seconds()},
            {"step_seconds", step_seconds},
            {"cpu_seconds", cpu_before + cpu_seconds() - cpu_started},
            {"has_loss", !std::isnan(first_loss)},
            {"first_loss", std::isnan(first_loss) ? 0 : first_loss},
            {"mean_loss", std::isnan(mean_loss) ? 0 : mean_loss},
            {"precision", std::string(name_of(precision))},
            {"examples", sequences.size()},
            {"options", options.to_json()}};
  }

  void save() {
    if (checkpoints.empty()) return;
    CheckpointWriter writer(checkpoints, checkpoint_name(step));
    writer.add("state.json", to_text(run_state()));
    writer.add_tensors("tensors.safetensors", take_snapshot(*model, *store));
    if (!best.empty()) writer.add_tensors("best.safetensors", best);
    writer.commit();
    prune_checkpoints(checkpoints, options.keep_checkpoints);
  }

  int64_t resume() {
    if (checkpoints.empty()) return 0;
    const auto folder = latest_checkpoint(checkpoints);
    if (!folder) return 0;
    const std::string where = *folder + "/state.json";
    const Json json = load_json(where);
    Json mine = options.to_json();
    if (json.value("options", Json()) != mine || get_string(json, "precision", where) != name_of(precision) ||
        get_int(json, "examples", where) != static_cast<int64_t>(sequences.size()))
      throw Error(where, "this checkpoint was made with other options or other data",
                  "use the same options to resume, or another --out");
    step = get_int(json, "step", where, {0, total_steps()});
    tokens = get_int(json, "tokens", where);
    rows = get_int(json, "rows", where);
    epochs_without_gain = get_int(json, "epochs_without_gain", where);
    best_score = get_bool(json, "has_best", where) ? get_double(json, "best_score", where) : -INFINITY;
    best_epoch = get_double(json, "best_epoch", where);
    seconds_before = get_double(json, "seconds", where);
    step_seconds = get_double(json, "step_seconds", where);
    cpu_before = get_double(json, "cpu_seconds", where);
    first_loss = get_bool(json, "has_loss", where) ? get_double(json, "first_loss", where) : NAN;
    mean_loss = get_bool(json, "has_loss", where) ? get_double(json, "mean_loss", where) : NAN;
    restore_snapshot(read_safetensors(*folder + "/tensors.safetensors").tensors, *store, *folder);
    if (std::isfinite(best_score) && options.keep_best) {
      best.clear();
      for (const auto& [name, tensor] : read_safetensors(*folder + "/best.safetensors").tensors)
        best[name] = tensor.clone();
    }
    return step;
  }

  TrainProgress progress(double loss) const {
    TrainProgress p;
    p.step = step;
    p.steps = total_steps();
    p.epoch = static_cast<double>(step) / static_cast<double>(steps_per_epoch());
    p.loss = loss;
    p.learning_rate = learning_rate_at(options, std::max<int64_t>(0, step - 1), total_steps());
    p.tokens = tokens;
    p.seconds = seconds() - seconds_before;
    p.seconds_before = seconds_before;
    return p;
  }

  // Returns whether to stop.
  bool evaluate(const TrainHooks& hooks, double loss) {
    const double score = hooks.evaluate(weights_view());
    if (hooks.on_evaluation) hooks.on_evaluation(progress(loss), score);
    if (score > best_score) {
      best_score = score;
      best_epoch = progress(loss).epoch;
      epochs_without_gain = 0;
      if (options.keep_best) best = copy_snapshot(take_snapshot(*model, *store, false));
    } else if (++epochs_without_gain >= options.patience && options.patience > 0) {
      return stopped_early = true;
    }
    return hooks.give_up && hooks.give_up();
  }

  // The weights under a store of its own: constants folded from them for evaluation are forgotten with it.
  std::shared_ptr<Store> weights_view() const {
    auto view = std::make_shared<Store>();
    for (const ParameterSpec& spec : model->parameters()) view->set(spec.name, *store->find(spec.name));
    return view;
  }

  TrainResult run(const TrainHooks& hooks) {
    started = now();
    cpu_started = cpu_seconds();
    double saved = now(), loss = std::isnan(mean_loss) ? 0 : mean_loss;
    while (step < total_steps() && !stopped_early) {
      const double begin = now();
      loss = do_step();
      step_seconds += now() - begin;
      check_divergence(loss);
      if (hooks.on_step) hooks.on_step(progress(loss));
      const bool epoch_ends = step % steps_per_epoch() == 0 || step == total_steps();
      if (epoch_ends && hooks.evaluate && evaluate(hooks, loss)) break;
      if (interrupted()) {
        save();
        throw Interrupted(fmt::format("stopped at step {} of {}; the state is saved", step, total_steps()));
      }
      if (now() - saved > options.checkpoint_seconds) {
        save();
        saved = now();
      }
    }
    if (!best.empty() && options.keep_best) restore_snapshot(best, *store, "best weights");
    TrainResult result;
    result.steps = step;
    result.last_loss = loss;
    result.best_score = std::isfinite(best_score) ? best_score : 0;
    result.best_epoch = best_epoch;
    result.seconds = seconds();
    result.cpu_seconds = cpu_before + cpu_seconds() - cpu_started;
    result.step_seconds = step_seconds;
    result.tokens = tokens;
    result.rows_computed = rows;
    result.stopped_early = stopped_early;
    return result;
  }
};

Trainer::Trainer(std::shared_ptr<const Model> model, std::shared_ptr<Store> store, Context context,
                 std::shared_ptr<const Objective> objective, std::vector<Sequence> sequences,
                 TrainOptions options, std::string checkpoints) {
  options.check();
  if (sequences.empty()) throw Error("training", "there are no examples");
  std::vector<int64_t> lengths;
  for (const Sequence& sequence : sequences) lengths.push_back(static_cast<int64_t>(sequence.ids.size()));
  const Precision precision = options.precision.value_or(training_precision(context));
  BatchOrder order(std::move(lengths), options.batch_size, options.length_pool, options.seed);
  state_.reset(new State{std::move(model),
                         std::move(store),
                         std::move(context),
                         std::move(objective),
                         std::move(sequences),
                         std::move(options),
                         std::move(checkpoints),
                         precision,
                         std::move(order),
                         ProgramCache(kMostPrograms),
                         std::make_shared<Arena>(),
                         {},
                         {}});
}

Trainer::~Trainer() = default;
int64_t Trainer::total_steps() const { return state_->total_steps(); }
int64_t Trainer::resume() { return state_->resume(); }
TrainResult Trainer::run(const TrainHooks& hooks) { return state_->run(hooks); }

}  // namespace frugal

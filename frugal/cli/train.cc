#include <filesystem>

#include "frugal/base/error.h"
#include "frugal/base/format.h"
#include "frugal/base/interrupt.h"
#include "frugal/cli/command.h"
#include "frugal/cli/training_options.h"
#include "frugal/eval/measure.h"
#include "frugal/models/folder.h"
#include "frugal/predict/text_model.h"
#include "frugal/shrink/run_folder.h"
#include "frugal/shrink/student.h"
#include "frugal/train/phase.h"

namespace frugal::cli {
namespace {

struct Options : Common {
  std::string model, out, command;
  DataFlags data;
  RecipeFlags recipe;
  std::string layers;
  int max_length = 0;
  bool resume = false;
};

void print_result(const Options& o, const PhaseResult& result, const std::optional<Quality>& test,
                  int64_t test_rows) {
  const TrainResult& r = result.training;
  const double rate = static_cast<double>(r.tokens) / r.step_seconds;
  if (o.json) {
    Json json{{"out", o.out},
              {"steps", r.steps},
              {"loss", r.last_loss},
              {"validation", r.best_score},
              {"best_epoch", r.best_epoch},
              {"seconds", r.seconds},
              {"cpu_seconds", r.cpu_seconds},
              {"tokens", r.tokens},
              {"tokens_per_second", rate},
              {"rows_computed", r.rows_computed}};
    if (test)
      json["test"] = {{"metric", test->metric},
                      {"value", test->value.value},
                      {"low", test->value.low},
                      {"high", test->value.high},
                      {"rows", test_rows}};
    fmt::print("{}\n", to_text(json));
    return;
  }
  fmt::print(
      "{} steps in {}, {} tokens/s ({} rows computed for {} tokens), validation {:.4f} (epoch {:.1f})\n",
      format_count(r.steps), format_duration(r.seconds), format_count(static_cast<int64_t>(rate)),
      format_count(r.rows_computed), format_count(r.tokens), r.best_score, r.best_epoch);
  if (test)
    fmt::print("test {}: {:.4f} [{:.4f}, {:.4f}], n = {}\n", test->metric, test->value.value, test->value.low,
               test->value.high, format_count(test_rows));
  fmt::print("model: {}\n", o.out);
}

int run(CLI::App& app, Options& o) {
  DataOptions data_options = o.data.options(o.seed);
  const TrainOptions train_options = o.recipe.options(app, o.seed);
  const Context context = o.context();
  const TaskData data = read_task(data_options);
  Json settings = train_options.to_json();
  settings["model"] = o.model;
  settings["data"] = data_options.train;
  settings["validation"] = data_options.validation;
  settings["layers"] = o.layers;
  settings["max_length"] = o.max_length;
  RunFolder folder(o.out, settings, o.resume);

  FolderOptions load;
  load.writable = true;
  load.seed = o.seed;
  load.new_head = NewHead{"ForSequenceClassification",
                          data.labels.regression ? std::vector<std::string>{"score"} : data.labels.names,
                          data.labels.regression};
  ModelFolder model = load_model_folder(o.model, load);
  if (!o.layers.empty()) {
    std::vector<int64_t> layers = integer_list("--layers", o.layers, 0);
    for (int64_t layer : layers)
      if (layer >= model.model->info().layers)
        throw UsageError(
            fmt::format("--layers {} is not below the model's {}", layer, model.model->info().layers));
    const Student student = make_student(*model.model, *model.store, layers);
    model.model = student.model;
    model.store = student.store;
  }
  const int max_length = text_length(model, o.max_length);
  const Part training = data.training(*model.tokenizer, max_length);
  const Part validation = data.validation(*model.tokenizer, max_length);
  const auto objective = std::make_shared<LabelObjective>(training.targets.classes.empty()
                                                              ? LabelObjective(training.targets.reals)
                                                              : LabelObjective(training.targets.classes));

  InterruptGuard guard;
  Progress progress(ProgressOptions::for_stderr(o.quiet));
  PhaseSpec spec;
  spec.folder = o.out;
  spec.title = "fine-tuning";
  spec.tokenizer = o.model;
  spec.options = train_options;
  PhaseResult result;
  try {
    result = run_phase(spec, model.model, model.store, objective, training, validation, context, progress);
  } catch (const Interrupted& stop) {
    throw Interrupted(stop.message(), "repeat the command to continue: " + o.command);
  }
  folder.finish();
  std::optional<Quality> test;
  if (data.test.size() > 0) {
    const Part part = data.testing(*model.tokenizer, max_length);
    test =
        quality_of(answer(*result.model, result.store, context, part.sequences, part.targets), part.targets);
  }
  print_result(o, result, test, data.test.size());
  return 0;
}

}  // namespace

std::function<int()> setup_train(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("--model", o->model, "folder of the pretrained model")->required();
  o->data.add(app);
  app.add_option("--out", o->out, "folder for the result; a run that was stopped continues there")
      ->required();
  app.add_option("--max-length", o->max_length, "tokens of a text at most (default: what the model allows)");
  app.add_option("--layers", o->layers, "start from these layers of the model only, like 0,2,5");
  o->recipe.add(app);
  app.add_flag("--resume", o->resume, "insist on continuing the run in --out");
  o->add_threads(app);
  o->add_seed(app);
  o->add_json(app);
  o->add_quiet(app);
  return [o, &app] {
    o->command = command_line();
    return run(app, *o);
  };
}

}  // namespace frugal::cli

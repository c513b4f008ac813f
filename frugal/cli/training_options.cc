#include "frugal/cli/training_options.h"

#include <toml++/toml.h>

#include <charconv>

#include "frugal/base/error.h"
#include "frugal/io/file.h"

namespace frugal::cli {
namespace {

constexpr size_t kMostRecipeBytes = size_t{1} << 20;

// Turns a recipe's keys into the flags of the same names, so that both are checked in one place.
void apply_recipe(CLI::App& app, const std::string& path) {
  toml::table table;
  try {
    table = toml::parse(read_file(path, kMostRecipeBytes), path);
  } catch (const toml::parse_error& error) {
    throw Error(fmt::format("{}:{}", path, error.source().begin.line), std::string(error.description()));
  }
  for (const auto& [key, value] : table) {
    const std::string name(key.str());
    CLI::Option* option = app.get_option_no_throw("--" + name);
    if (!option || name == "recipe")
      throw Error(path, fmt::format("unknown key '{}'", name),
                  fmt::format("keys are the long options of `{}`", app.get_name()));
    if (option->count() > 0) continue;  // the command line wins
    std::string text;
    if (const auto s = value.value<std::string>(); s && value.is_string())
      text = *s;
    else if (const auto i = value.value<int64_t>(); i && value.is_integer())
      text = std::to_string(*i);
    else if (const auto d = value.value<double>())
      text = fmt::format("{}", *d);
    else
      throw Error(path, fmt::format("'{}' must be a string or a number", name));
    option->add_result(text);
    option->run_callback();
  }
}

}  // namespace

std::vector<int64_t> integer_list(const std::string& option, const std::string& text, int64_t least) {
  std::vector<int64_t> values;
  const char *at = text.data(), *end = text.data() + text.size();
  while (at < end) {
    int64_t value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc() || value < least || (next < end && *next != ','))
      throw UsageError(fmt::format("{} '{}' is no list of numbers like 1,2,3", option, text));
    values.push_back(value);
    at = next < end ? next + 1 : end;
  }
  return values;
}

void add_columns(CLI::App& app, ColumnOptions& columns) {
  app.add_option("--text-column", columns.text, "column of the text (default: guessed from the header)");
  app.add_option("--pair-column", columns.text_pair, "column of a second text: a pair task");
  app.add_option("--label-column", columns.label, "column of the label (default: guessed from the header)");
}

void DataFlags::add(CLI::App& app) {
  app.add_option("--data", data, "labelled text to train on: TSV, CSV or JSON lines")->required();
  app.add_option("--test", test, "labelled text that is used once, at the end");
  add_columns(app, columns);
  app.add_option("--task", task, "classification or regression (default: by the labels)");
  app.add_option("--validation", validation, "share of the data put aside to validate on (default 0.1)");
  app.add_flag("--no-header", no_header, "the first row is data");
}

DataOptions DataFlags::options(uint64_t seed) const {
  DataOptions options;
  options.train = data;
  options.test = test;
  options.columns = columns;
  if (no_header) options.columns.header = false;
  if (task == "classification")
    options.kind = TaskKind::classification;
  else if (task == "regression")
    options.kind = TaskKind::regression;
  else if (!task.empty())
    throw UsageError(fmt::format("unknown --task '{}'", task), "classification or regression");
  if (!(validation > 0 && validation < 1))
    throw UsageError(fmt::format("--validation {} is not in (0, 1)", validation));
  options.validation = validation;
  options.seed = seed;
  return options;
}

void RecipeFlags::add(CLI::App& app) {
  app.add_option("--epochs", train.epochs, fmt::format("passes over the data (default {})", train.epochs));
  app.add_option("--max-steps", train.max_steps, "stop after so many updates");
  app.add_option("--batch-size", train.batch_size, "texts in a batch (default 32)");
  app.add_option("--accumulation", train.accumulation, "batches averaged into one update (default 1)");
  app.add_option("--lr", train.learning_rate, fmt::format("learning rate (default {})", train.learning_rate));
  app.add_option("--schedule", schedule, "linear, cosine or constant after warm-up (default linear)");
  app.add_option("--warmup", train.warmup, "share of the steps that warm up (default 0.1)");
  app.add_option("--weight-decay", train.weight_decay,
                 "of matrices; not of biases, norms, embeddings (default 0.01)");
  app.add_option("--clip", train.clip, "largest norm of the gradient, 0 for none (default 1)");
  app.add_option("--label-smoothing", train.label_smoothing,
                 "share of the label given to all classes (default 0)");
  app.add_option("--length-pool", train.length_pool,
                 "batches' worth of texts sorted by length (default 1: shuffled)");
  app.add_option("--patience", train.patience,
                 "stop after so many epochs without a better score (default 0: never)");
  app.add_option("--checkpoint-seconds", train.checkpoint_seconds, "work between checkpoints (default 30)");
  app.add_option("--precision", precision, "of products: auto (bf16 where the CPU has it), fp32, bf16");
  app.add_flag("--store-activations", train.store_activations,
               "keep what reversible layers computed: faster, more memory");
  app.add_option("--recipe", recipe, "TOML file with these options' names as keys; flags win");
}

TrainOptions RecipeFlags::options(CLI::App& app, uint64_t seed) const {
  if (!recipe.empty()) apply_recipe(app, recipe);
  TrainOptions options = train;
  options.schedule = schedule_from_name(schedule);
  options.seed = seed;
  if (precision == "fp32")
    options.precision = Precision::f32;
  else if (precision == "bf16")
    options.precision = Precision::bf16;
  else if (precision != "auto")
    throw UsageError(fmt::format("unknown --precision '{}'", precision), "auto, fp32 or bf16");
  options.check();
  return options;
}

}  // namespace frugal::cli

#include "frugal/base/error.h"
#include "frugal/base/format.h"
#include "frugal/cli/command.h"
#include "frugal/cli/labelled_part.h"
#include "frugal/cli/training_options.h"
#include "frugal/eval/measure.h"
#include "frugal/models/folder.h"

namespace frugal::cli {
namespace {

struct Options : Common {
  std::string folder, data;
  ColumnOptions columns;
  int max_length = 0;
};

int run(const Options& o) {
  const Context context = o.context();
  TextModelOptions text_options;
  text_options.max_length = o.max_length;
  Classifier classifier(TextModel(o.load(o.folder, context), context, text_options));
  TextModel& model = classifier.model();
  const Part part = labelled_part(classifier, o.data, o.columns);
  const ModelAnswers answers =
      answer(*model.folder().model, model.folder().store, context, part.sequences, part.targets);
  const Quality quality = quality_of(answers, part.targets);
  const Speed speed = speed_of(*model.folder().model, model.folder().store, context, part.sequences, answers);
  const int64_t parameters = parameter_count(*model.folder().model), bytes = folder_bytes(o.folder);
  Json json{{"folder", o.folder},
            {"metric", quality.metric},
            {"value", quality.value.value},
            {"low", quality.value.low},
            {"high", quality.value.high},
            {"rows", quality.rows},
            {"parameters", parameters},
            {"bytes", bytes},
            {"latency_ms", speed.latency_ms},
            {"latency_p95_ms", speed.latency_p95_ms},
            {"latency_texts", speed.latency_texts},
            {"texts_per_second", speed.texts_per_second},
            {"tokens_per_second", speed.tokens_per_second},
            {"memory_bytes", speed.memory_bytes}};
  if (!classifier.regression())
    json["f1_macro"] =
        f1_macro(part.targets.classes, answers.classes, static_cast<int32_t>(classifier.labels().size()));
  if (o.json) {
    fmt::print("{}\n", to_text(json));
    return 0;
  }
  fmt::print("{}: {:.4f} [{:.4f}, {:.4f}], n = {}\n", quality.metric, quality.value.value, quality.value.low,
             quality.value.high, format_count(quality.rows));
  if (json.contains("f1_macro")) fmt::print("macro F1: {:.4f}\n", json["f1_macro"].get<double>());
  fmt::print("size: {} parameters, {} on disk, {} in memory for one text\n", format_count(parameters),
             format_bytes(static_cast<double>(bytes)), format_bytes(speed.memory_bytes));
  fmt::print(
      "speed: {:.2f} ms for one text (95th percentile {:.2f} ms, {} texts), {} texts/s in batches ({} "
      "tokens/s)\n",
      speed.latency_ms, speed.latency_p95_ms, speed.latency_texts,
      format_count(static_cast<int64_t>(speed.texts_per_second)),
      format_count(static_cast<int64_t>(speed.tokens_per_second)));
  return 0;
}

}  // namespace

std::function<int()> setup_eval(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("folder", o->folder, "model folder with a classifier")->required();
  app.add_option("--data", o->data, "labelled text: TSV, CSV or JSON lines")->required();
  add_columns(app, o->columns);
  app.add_option("--max-length", o->max_length, "tokens of a text at most (default: what the model allows)");
  o->add_threads(app);
  o->add_precision(app);
  o->add_json(app);
  return [o] { return run(*o); };
}

}  // namespace frugal::cli

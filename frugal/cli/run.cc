#include <memory>

#include "frugal/base/error.h"
#include "frugal/cli/command.h"
#include "frugal/eval/run_tensors.h"
#include "frugal/models/folder.h"

namespace frugal::cli {
namespace {

struct Options : Common {
  std::string model, inputs, outputs, gradients, losses;
  int64_t steps = 0;
  double learning_rate = 1e-3, weight_decay = 0;
};

int run(const Options& options) {
  if (options.steps < 0 || options.steps > 1'000'000) throw UsageError("--steps is not in [0, 1000000]");
  if (!(options.learning_rate >= 0)) throw UsageError("--lr must not be negative");
  if (!(options.weight_decay >= 0)) throw UsageError("--weight-decay must not be negative");
  if (options.steps > 0 && options.losses.empty())
    throw UsageError("--steps needs --losses, the file to write them to");
  if (options.steps == 0 && !options.losses.empty()) throw UsageError("--losses needs --steps");
  FolderOptions folder_options;
  folder_options.writable = options.steps > 0;
  folder_options.tokenizer = false;
  const ModelFolder folder = load_model_folder(options.model, folder_options);
  RunRequest request;
  request.inputs = read_safetensors(options.inputs).tensors;
  request.gradients = !options.gradients.empty();
  request.steps = options.steps;
  request.learning_rate = options.learning_rate;
  request.weight_decay = options.weight_decay;
  RunResult result;
  try {
    result = run_tensors(*folder.model, folder.store, options.context(), request);
  } catch (const Error& error) {
    throw Error(options.inputs + ": " + error.where(), error.message(), error.hint());
  }
  if (!options.outputs.empty()) write_safetensors(options.outputs, result.outputs);
  if (request.gradients) write_safetensors(options.gradients, result.gradients);
  if (options.steps > 0) write_safetensors(options.losses, {{"losses", result.losses}});
  return 0;
}

}  // namespace

std::function<int()> setup_run(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("model", o->model, "model folder")->required();
  app.add_option("--inputs", o->inputs, "safetensors with input_ids, attention_mask, labels, ...")
      ->required();
  app.add_option("--outputs", o->outputs, "safetensors to write: logits, loss, last_hidden_state, ...");
  app.add_option("--gradients", o->gradients, "safetensors to write: the loss's gradient of each weight");
  app.add_option("--steps", o->steps, "AdamW steps on this batch");
  app.add_option("--lr", o->learning_rate, "learning rate of --steps (default 1e-3)");
  app.add_option("--weight-decay", o->weight_decay,
                 "weight decay of --steps, of every parameter (default 0)");
  app.add_option("--losses", o->losses, "safetensors to write: losses[steps]");
  o->add_threads(app);
  return [o] { return run(*o); };
}

}  // namespace frugal::cli

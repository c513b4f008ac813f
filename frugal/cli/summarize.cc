#include <memory>

#include "frugal/cli/generation.h"

namespace frugal::cli {

std::function<int()> setup_summarize(CLI::App& app) {
  auto o = std::make_shared<GenerationCommand>();
  o->summarizes = true;
  o->task = "summarization";
  app.add_option("folder", o->folder, "folder of an encoder-decoder model")->required();
  app.add_option("--max-length", o->max_length,
                 "tokens of a text, the rest is cut (default: what the model allows)");
  o->flags.add(app);
  o->add_threads(app);
  o->add_precision(app);
  o->add_json(app);
  app.description(app.get_description() +
                  "\nOptions and the text before each line (T5's \"summarize: \") come from the folder's "
                  "task_specific_params where it has them.");
  return [o] { return o->run(); };
}

}  // namespace frugal::cli

#include <memory>

#include "frugal/cli/generation.h"

namespace frugal::cli {

std::function<int()> setup_generate(CLI::App& app) {
  auto o = std::make_shared<GenerationCommand>();
  app.add_option("folder", o->folder, "model folder: a causal language model, or an encoder-decoder model")
      ->required();
  app.add_option("--prompt", o->prompt, "the one prompt (default: each line of standard input is one)");
  app.add_flag(
      "--input-ids", o->input_ids,
      "prompts are JSON lists of token ids, and so are the results: the new ids, an end token included");
  o->flags.add(app);
  o->add_threads(app);
  o->add_precision(app);
  o->add_json(app);
  app.description(app.get_description() +
                  "\nPrints what follows the prompt; on a terminal as it is written. A text may have several "
                  "lines: --json prints one object a line.");
  return [o] { return o->run(); };
}

}  // namespace frugal::cli

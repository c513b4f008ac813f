#include <memory>

#include "frugal/cli/command.h"
#include "frugal/cli/lines.h"
#include "frugal/io/json.h"
#include "frugal/predict/embedder.h"

namespace frugal::cli {
namespace {

struct Options : Common {
  std::string folder;
  int max_length = 0;
};

int run(const Options& options) {
  TextModelOptions model;
  model.max_length = options.max_length;
  model.quick_start = true;
  const Context context = options.context();
  Embedder embedder = Embedder::of(options.load(options.folder, context), context, model);
  for_each_block(1024, [&](const std::vector<std::string>& lines) {
    for (const auto& vector : embedder.embed(lines)) {
      std::string line;
      for (float value : vector)
        line += fmt::format("{}{}", line.empty() ? "" : (options.json ? ", " : "\t"), value);
      put_line(options.json ? "[" + line + "]" : line);
    }
    flush_output();
  });
  return 0;
}

}  // namespace

std::function<int()> setup_embed(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("folder", o->folder, "model folder")->required();
  app.add_option("--max-length", o->max_length,
                 "tokens of a text at most (default: what the model's files say)");
  o->add_threads(app);
  o->add_precision(app);
  o->add_json(app);
  return [o] { return run(*o); };
}

}  // namespace frugal::cli

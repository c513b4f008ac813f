#include <memory>

#include "frugal/cli/command.h"
#include "frugal/cli/lines.h"
#include "frugal/io/json.h"
#include "frugal/predict/mask_filler.h"

namespace frugal::cli {
namespace {

struct Options : Common {
  std::string folder;
  int top = 5;
};

int run(const Options& options) {
  if (options.top < 1) throw UsageError("--top must be at least 1");
  const Context context = options.context();
  MaskFiller filler(TextModel(options.load(options.folder, context), context, {.quick_start = true}));
  for_each_line([&](const std::string& line) {
    Json json = Json::array();
    std::string text;
    for (const auto& mask : filler.fill(line, options.top)) {
      Json one = Json::array();
      for (const Filling& f : mask) {
        one.push_back({{"piece", f.piece}, {"id", f.id}, {"probability", f.probability}});
        text += fmt::format("{}{}\t{:.4f}", text.empty() ? "" : "\t", f.piece, f.probability);
      }
      json.push_back(one);
    }
    put_line(options.json ? to_text(json, -1) : text);
  });
  return 0;
}

}  // namespace

std::function<int()> setup_fill(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("folder", o->folder, "model folder with a masked-LM head")->required();
  app.add_option("--top", o->top, "pieces for each mask (default 5)");
  o->add_threads(app);
  o->add_precision(app);
  o->add_json(app);
  return [o] { return run(*o); };
}

}  // namespace frugal::cli

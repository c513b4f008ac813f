#include <memory>

#include "frugal/cli/command.h"
#include "frugal/cli/lines.h"
#include "frugal/io/json.h"
#include "frugal/predict/tagger.h"

namespace frugal::cli {
namespace {

struct Options : Common {
  std::string folder;
  bool tokens = false;
};

int run(const Options& options) {
  const Context context = options.context();
  Tagger tagger(TextModel(options.load(options.folder, context), context, {.quick_start = true}));
  for_each_line([&](const std::string& line) {
    Json json = Json::array();
    std::string text;
    for (const Tag& tag : options.tokens ? tagger.tokens(line) : tagger.entities(line)) {
      const std::string word = line.substr(tag.begin, tag.end - tag.begin);
      json.push_back({{"label", tag.label},
                      {"score", tag.score},
                      {"word", word},
                      {"start", count_characters(line, tag.begin)},
                      {"end", count_characters(line, tag.end)}});
      text += fmt::format("{}{}\t{}\t{:.4f}", text.empty() ? "" : "\t", word, tag.label, tag.score);
    }
    put_line(options.json ? to_text(json, -1) : text);
  });
  return 0;
}

}  // namespace

std::function<int()> setup_tag(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("folder", o->folder, "model folder with a token classifier")->required();
  app.add_flag("--tokens", o->tokens, "the label of each token, instead of whole names");
  o->add_threads(app);
  o->add_precision(app);
  o->add_json(app);
  app.description(app.get_description() +
                  "\nOutput: word TAB label TAB probability for each, on the line of its text. Neighbours "
                  "of one label are one; --json adds where they stand, in characters.");
  return [o] { return run(*o); };
}

}  // namespace frugal::cli

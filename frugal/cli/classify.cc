#include <algorithm>
#include <memory>
#include <numeric>

#include "frugal/cli/command.h"
#include "frugal/cli/lines.h"
#include "frugal/io/json.h"
#include "frugal/predict/classifier.h"

namespace frugal::cli {
namespace {

struct Options : Common {
  std::string folder;
  int top = 1, max_length = 0;
};

std::vector<int> best(const Prediction& p, int count) {
  std::vector<int> order(p.scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return p.scores[a] > p.scores[b]; });
  order.resize(std::min<size_t>(order.size(), count));
  return order;
}

std::string as_line(const Classifier& classifier, const Prediction& p, const Options& options) {
  if (classifier.regression())
    return options.json ? to_text(Json{{"score", p.score}}, -1) : fmt::format("{:.6g}", p.score);
  const auto& labels = classifier.labels();
  if (options.json) {
    Json json = Json::array();
    for (int i : best(p, options.top)) json.push_back({{"label", labels[i]}, {"score", p.scores[i]}});
    return to_text(json, -1);
  }
  std::string line;
  for (int i : best(p, options.top))
    line += fmt::format("{}{}\t{:.4f}", line.empty() ? "" : "\t", labels[i], p.scores[i]);
  return line;
}

int run(const Options& options) {
  if (options.top < 1) throw UsageError("--top must be at least 1");
  TextModelOptions model;
  model.max_length = options.max_length;
  Classifier classifier(TextModel(load_model_folder(options.folder), options.context(), model));
  for_each_block(1024, [&](const std::vector<std::string>& lines) {
    std::vector<Text> texts;
    for (const std::string& line : lines) {
      const size_t tab = line.find('\t');
      if (tab == std::string::npos)
        texts.push_back({line, {}, false});
      else
        texts.push_back({line.substr(0, tab), line.substr(tab + 1), true});
    }
    for (const Prediction& p : classifier.classify(texts)) put_line(as_line(classifier, p, options));
    flush_output();
  });
  return 0;
}

}  // namespace

std::function<int()> setup_classify(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("folder", o->folder, "model folder with a classifier")->required();
  app.add_option("--top", o->top, "print the best so many labels (default 1)");
  app.add_option("--max-length", o->max_length, "tokens of a text at most (default: what the model allows)");
  o->add_threads(app);
  o->add_json(app);
  app.description(app.get_description() +
                  "\nA line with a TAB is a pair of texts. Output: label TAB probability.");
  return [o] { return run(*o); };
}

}  // namespace frugal::cli

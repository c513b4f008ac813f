#include <algorithm>
#include <memory>
#include <numeric>

#include "frugal/cli/command.h"
#include "frugal/cli/lines.h"
#include "frugal/io/json.h"
#include "frugal/predict/classifier.h"
#include "frugal/predict/zero_shot.h"

namespace frugal::cli {
namespace {

struct Options : Common {
  std::string folder;
  int top = 1, max_length = 0;
  ZeroShotOptions zero_shot;
};

std::vector<int> best(const std::vector<float>& scores, int count) {
  std::vector<int> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return scores[a] > scores[b]; });
  order.resize(std::min<size_t>(order.size(), count));
  return order;
}

std::string as_line(const std::vector<std::string>& labels, const std::vector<float>& scores,
                    const Options& options) {
  if (options.json) {
    Json json = Json::array();
    for (int i : best(scores, options.top)) json.push_back({{"label", labels[i]}, {"score", scores[i]}});
    return to_text(json, -1);
  }
  std::string line;
  for (int i : best(scores, options.top))
    line += fmt::format("{}{}\t{:.4f}", line.empty() ? "" : "\t", labels[i], scores[i]);
  return line;
}

std::string as_line(const Classifier& classifier, const Prediction& p, const Options& options) {
  if (!classifier.regression()) return as_line(classifier.labels(), p.scores, options);
  return options.json ? to_text(Json{{"score", p.score}}, -1) : fmt::format("{:.6g}", p.score);
}

int run_zero_shot(TextModel model, const Options& options) {
  ZeroShot classifier(std::move(model), options.zero_shot);
  for_each_line([&](const std::string& line) {
    put_line(as_line(options.zero_shot.labels, classifier.classify(line), options));
  });
  return 0;
}

int run(const Options& options) {
  if (options.top < 1) throw UsageError("--top must be at least 1");
  TextModelOptions model;
  model.max_length = options.max_length;
  model.quick_start = true;
  const Context context = options.context();
  TextModel text_model(options.load(options.folder, context), context, model);
  if (!options.zero_shot.labels.empty()) return run_zero_shot(std::move(text_model), options);
  Classifier classifier(std::move(text_model));
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
  auto* labels = app.add_option("--labels", o->zero_shot.labels,
                                "labels the model was not trained for, as in sports,politics: it needs a "
                                "head for entailment (MNLI), or to generate text (T5, T0, GPT-2)")
                     ->delimiter(',');
  app.add_option("--hypothesis", o->zero_shot.hypothesis,
                 "what entailment is asked about, {} is the label (default \"This example is {}.\")")
      ->needs(labels);
  app.add_option("--prompt", o->zero_shot.prompt,
                 "what a label's likelihood is asked after, {} is the text (default \"{}\")")
      ->needs(labels);
  app.add_flag("--independent", o->zero_shot.independent, "any number of labels may be right")->needs(labels);
  o->add_threads(app);
  o->add_precision(app);
  o->add_json(app);
  app.description(app.get_description() +
                  "\nA line with a TAB is a pair of texts. Output: label TAB probability.");
  return [o] { return run(*o); };
}

}  // namespace frugal::cli

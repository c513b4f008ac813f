#include "frugal/predict/zero_shot.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <numeric>
#include <set>

#include "frugal/base/error.h"
#include "frugal/predict/likelihood.h"
#include "frugal/predict/softmax.h"

namespace frugal {
namespace {

std::string filled(const std::string& pattern, const std::string& with) {
  std::string text = pattern;
  return text.replace(text.find("{}"), 2, with);
}

void check(const ZeroShotOptions& options) {
  const auto& labels = options.labels;
  const bool empty = std::ranges::any_of(labels, [](const std::string& label) { return label.empty(); });
  if (labels.size() < 2 && !(labels.size() == 1 && options.independent))
    throw UsageError("--labels needs at least two labels, as in --labels sports,politics");
  if (empty || std::set<std::string>(labels.begin(), labels.end()).size() != labels.size())
    throw UsageError("--labels has an empty label, or one twice");
  if (options.hypothesis.find("{}") == std::string::npos)
    throw UsageError("--hypothesis needs {} where the label goes");
  if (options.prompt.find("{}") == std::string::npos)
    throw UsageError("--prompt needs {} where the text goes");
}

// The label whose name begins so, whatever its case; -1: none.
int64_t label_like(const ModelInfo& info, const std::string& start) {
  for (size_t i = 0; i < info.label_names.size(); ++i) {
    std::string name = info.label_names[i];
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    if (name.starts_with(start)) return static_cast<int64_t>(i);
  }
  return -1;
}

}  // namespace

ZeroShot::ZeroShot(TextModel model, ZeroShotOptions options)
    : model_(std::move(model)), options_(std::move(options)) {
  check(options_);
  const ModelInfo& info = model_.info();
  if (info.head == "ForSequenceClassification") {
    entailment_ = label_like(info, "entail");
    if (entailment_ < 0)
      throw Error(model_.folder().path, "the classifier has no label \"entailment\"",
                  "--labels needs a model trained on MNLI or the like, or one that generates text");
    contradiction_ = label_like(info, "contra");
    if (contradiction_ < 0) contradiction_ = entailment_ == 0 ? info.labels - 1 : 0;
    return;
  }
  Likelihood{model_};  // refuses what does not generate
  if (options_.independent)
    throw UsageError("--independent needs a classifier of entailment: likelihoods only rank labels");
}

std::vector<float> ZeroShot::classify(const std::string& text) {
  return entailment_ >= 0 ? by_entailment(text) : by_likelihood(text);
}

std::vector<float> ZeroShot::by_entailment(const std::string& text) {
  EncodeOptions encode;
  encode.max_length = model_.max_length();
  encode.truncation = Truncation::first_only;
  std::vector<Sequence> sequences;
  for (const std::string& label : options_.labels) {
    Encoding pair = model_.folder().tokenizer->encode_pair(text, filled(options_.hypothesis, label), encode);
    sequences.push_back({std::move(pair.ids), std::move(pair.type_ids), {}});
  }
  std::vector<float> scores(sequences.size());
  model_.run(sequences, "logits", [&](size_t i, std::span<const float> logits) {
    const float yes = logits[entailment_], no = logits[contradiction_];
    scores[i] = options_.independent ? 1 / (1 + std::exp(no - yes)) : yes;
  });
  if (!options_.independent) softmax(scores);
  return scores;
}

// A causal model's label is a word that goes on after the prompt; a target of its own ends as its template
// says.
std::vector<float> ZeroShot::by_likelihood(const std::string& text) {
  const Tokenizer& tokenizer = *model_.folder().tokenizer;
  const bool decoder = model_.info().decoder;
  EncodeOptions given, scored;
  given.special_tokens = scored.special_tokens = decoder;
  const std::vector<int32_t> prompt = tokenizer.encode(filled(options_.prompt, text), given).ids;
  std::vector<ScoredTokens> items;
  for (const std::string& label : options_.labels)
    items.push_back({prompt, tokenizer.encode(decoder ? label : " " + label, scored).ids});
  std::vector<float> scores;
  for (const std::vector<double>& one : Likelihood(model_).of(items))
    scores.push_back(static_cast<float>(std::accumulate(one.begin(), one.end(), 0.0)));
  softmax(scores);
  return scores;
}

}  // namespace frugal

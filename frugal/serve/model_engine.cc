#include "frugal/serve/model_engine.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "frugal/base/error.h"

namespace frugal {
namespace {

std::string folder_name(const std::string& path) {
  const std::filesystem::path whole = std::filesystem::path(path).lexically_normal();
  const std::string name = whole.has_filename() ? whole.filename() : whole.parent_path().filename();
  return name.empty() || name == "." || name == ".." ? "model" : name;
}

}  // namespace

ModelEngine::ModelEngine(ModelFolder folder, const Context& context, int max_length) {
  TextModelOptions options;
  options.max_length = max_length;
  const ModelInfo model = folder.model->info();
  info_.model = folder_name(folder.path);
  info_.architecture = model.architecture;
  info_.dimensions = model.hidden_size;
  info_.classifier = model.head == "ForSequenceClassification";
  if (info_.classifier) {
    TextModelOptions of_vectors = options;
    of_vectors.inference.sentence_vectors = true;
    of_vectors.inference.only = {"embedding"};
    vectors_.emplace(folder, context, of_vectors);
    classifier_.emplace(TextModel(std::move(folder), context, options));
    info_.regression = classifier_->regression();
    info_.labels = classifier_->labels();
    info_.max_length = classifier_->model().max_length();
  } else {
    embedder_ = Embedder::of(std::move(folder), context, options);
    info_.max_length = embedder_->model().max_length();
  }
  check_with_one_text();
}

// Compiles a first program, so that the first request need not wait for it.
void ModelEngine::check_with_one_text() {
  const Text text{"hello", {}, false};
  const auto rows = info_.classifier ? classify({&text, 1}) : embed({&text, 1});
  const auto finite = [](float value) { return std::isfinite(value); };
  if (!std::all_of(rows.at(0).begin(), rows.at(0).end(), finite))
    throw Error(info_.model, "answers with values that are no numbers: its weights are broken");
}

std::vector<std::vector<float>> ModelEngine::classify(std::span<const Text> texts) {
  std::vector<std::vector<float>> rows;
  rows.reserve(texts.size());
  for (Prediction& prediction : classifier_->classify(texts)) rows.push_back(std::move(prediction.scores));
  return rows;
}

std::vector<std::vector<float>> ModelEngine::embed(std::span<const Text> texts) {
  TextModel& model = embedder_ ? embedder_->model() : *vectors_;
  std::vector<std::vector<float>> rows(texts.size());
  model.run(model.tokenize(texts), "embedding",
            [&](size_t i, std::span<const float> row) { rows[i].assign(row.begin(), row.end()); });
  return rows;
}

}  // namespace frugal

#include "frugal/predict/embedder.h"

#include <filesystem>

#include "frugal/base/error.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;

// Mean pooling is also what is done for a folder that says nothing.
void check_pooling(const fs::path& folder) {
  const fs::path path = folder / "1_Pooling" / "config.json";
  if (!fs::exists(path)) return;
  const Json config = load_json(path.string());
  if (!get_bool_or(config, "pooling_mode_mean_tokens", path.string(), true))
    throw Error(path.string(),
                "asks for another pooling than the mean over tokens, which is all that is known");
}

// sentence_bert_config.json limits the length below the model's positions.
int stated_length(const fs::path& folder) {
  const fs::path path = folder / "sentence_bert_config.json";
  if (!fs::exists(path)) return 0;
  return static_cast<int>(
      get_int_or(load_json(path.string()), "max_seq_length", path.string(), 0, {0, 1 << 20}));
}

}  // namespace

Embedder Embedder::load(const std::string& folder, const Context& context, TextModelOptions options) {
  return of(load_model_folder(folder), context, std::move(options));
}

Embedder Embedder::of(ModelFolder folder, const Context& context, TextModelOptions options) {
  check_pooling(folder.path);
  if (options.max_length == 0) options.max_length = stated_length(folder.path);
  options.inference.sentence_vectors = true;
  options.inference.only = {"embedding"};
  return Embedder(TextModel(std::move(folder), context, std::move(options)));
}

std::vector<std::vector<float>> Embedder::embed(const std::vector<std::string>& texts) {
  std::vector<Sequence> sequences;
  for (const std::string& text : texts) sequences.push_back(model_.tokenize(Text{text, {}, false}));
  std::vector<std::vector<float>> vectors(texts.size());
  model_.run(sequences, "embedding",
             [&](size_t i, std::span<const float> row) { vectors[i].assign(row.begin(), row.end()); });
  return vectors;
}

}  // namespace frugal

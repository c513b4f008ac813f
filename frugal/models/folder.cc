#include "frugal/models/folder.h"

#include <algorithm>
#include <filesystem>
#include <future>

#include "frugal/base/error.h"
#include "frugal/io/file.h"
#include "frugal/io/model_files.h"

namespace frugal {
namespace {

constexpr size_t kMostTokenizerBytes = size_t{64} << 20;

constexpr const char* kTokenizerFiles[] = {"tokenizer.json",
                                           "tokenizer_config.json",
                                           "special_tokens_map.json",
                                           "vocab.txt",
                                           "vocab.json",
                                           "merges.txt",
                                           "spiece.model",
                                           "spm.model",
                                           "sentencepiece.bpe.model",
                                           "tokenizer.model",
                                           "added_tokens.json"};

std::shared_ptr<const Tokenizer> tokenizer_of(const std::string& path, bool required) {
  const bool present = std::any_of(
      std::begin(kTokenizerFiles), std::end(kTokenizerFiles),
      [&](const char* name) { return std::filesystem::exists(std::filesystem::path(path) / name); });
  return required || present ? load_tokenizer(path) : nullptr;
}

void check_vocabulary(const ModelFolder& folder) {
  const int64_t pieces = folder.tokenizer->vocab_size(), rows = folder.model->info().vocab_size;
  // Published models pad the embedding; a tokenizer that knows more pieces than rows would read past it.
  if (pieces > rows)
    throw Error(folder.path,
                fmt::format("the tokenizer has {} pieces, the model's embedding {} rows", pieces, rows),
                "the tokenizer's files belong to another model");
}

}  // namespace

Json config_with_head(Json config, const std::string& family, const NewHead& head) {
  config["architectures"] = Json::array({family + head.head});
  Json names = Json::object(), ids = Json::object();
  for (size_t i = 0; i < head.label_names.size(); ++i) {
    names[std::to_string(i)] = head.label_names[i];
    ids[head.label_names[i]] = i;
  }
  config["id2label"] = names;
  config["label2id"] = ids;
  config["problem_type"] = head.regression ? "regression" : "single_label_classification";
  config.erase("num_labels");
  return config;
}

ModelFolder load_model_folder(const std::string& path, const FolderOptions& options) {
  check_model_folder(path);
  ModelFolder folder;
  folder.path = path;
  Json config = read_model_config(path);
  const std::string where = (std::filesystem::path(path) / "config.json").string();
  if (options.new_head) {
    const auto model = make_model(config, where);
    const ModelInfo& info = model->info();
    const std::string family = info.architecture.substr(0, info.architecture.size() - info.head.size());
    config = config_with_head(std::move(config), family, *options.new_head);
  }
  folder.model = make_model(config, where);
  const TensorMap tensors = read_model_weights(path);
  if (const auto right = folder.model->config_for(tensors)) folder.model = make_model(*right, where);
  WeightOptions weights;
  weights.writable = options.writable;
  weights.new_head = options.new_head.has_value();
  weights.seed = options.seed;
  // Beside each other: checking 91 MB of weights and reading a tokenizer of 30,522 pieces are most of a cold
  // start.
  auto matched =
      std::async(std::launch::async, [&] { return match_weights(*folder.model, tensors, path, weights); });
  folder.tokenizer = tokenizer_of(path, options.tokenizer);
  if (folder.tokenizer) check_vocabulary(folder);
  LoadedWeights loaded = matched.get();
  folder.store = std::move(loaded.store);
  folder.created = std::move(loaded.created);
  return folder;
}

void save_model_folder(const std::string& path, const Model& model, const Store& store,
                       const std::string& tokenizer_folder) {
  namespace fs = std::filesystem;
  make_folder(path);
  for (const char* name : kTokenizerFiles) {
    const fs::path from = fs::path(tokenizer_folder) / name;
    if (!tokenizer_folder.empty() && fs::exists(from) && tokenizer_folder != path)
      write_file((fs::path(path) / name).string(), read_file(from.string(), kMostTokenizerBytes));
  }
  write_json((fs::path(path) / "config.json").string(), model.config());
  write_safetensors((fs::path(path) / "model.safetensors").string(), weights_to_save(model, store),
                    {{"format", "pt"}});
}

}  // namespace frugal

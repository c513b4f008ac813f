// A Hugging Face model folder as one thing: configuration, weights, tokenizer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "frugal/models/weights.h"
#include "frugal/text/tokenizer.h"

namespace frugal {

struct ModelFolder {
  std::string path;
  std::shared_ptr<const Model> model;
  std::shared_ptr<Store> store;
  std::shared_ptr<const Tokenizer> tokenizer;  // null when the folder has none and none was required
  std::vector<std::string> created;            // tensors of a new head
};

// A head to put on the body, for fine-tuning.
struct NewHead {
  std::string head;                      // "ForSequenceClassification"
  std::vector<std::string> label_names;  // one "score" for regression
  bool regression = false;
};

struct FolderOptions {
  bool writable = false;
  bool tokenizer = true;  // required; false: read when it is there
  std::optional<NewHead> new_head;
  uint64_t seed = 0;
};

// Throws Error that names file and problem: no model folder, weights or vocabulary that do not fit the
// configuration.
ModelFolder load_model_folder(const std::string& path, const FolderOptions& options = {});

// Writes config.json and model.safetensors (the same model gives the same bytes) and copies the tokenizer's
// files from `tokenizer_folder` (empty: none). An existing folder's files of these names are replaced,
// weights last.
void save_model_folder(const std::string& path, const Model& model, const Store& store,
                       const std::string& tokenizer_folder);

// The configuration with this head and these labels.
Json config_with_head(Json config, const std::string& family, const NewHead& head);

}  // namespace frugal

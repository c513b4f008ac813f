// A model: its configuration and one function that builds its graph. Whether the graph is run, trained,
// rewritten or priced is nobody's business here.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "frugal/io/json.h"
#include "frugal/io/safetensors.h"
#include "frugal/nn/net.h"

namespace frugal {

// What every family's config.json says, checked.
struct ModelInfo {
  std::string architecture;  // "BertForSequenceClassification"
  std::string head;          // what follows the family's name: "Model", "ForMaskedLM", ...
  int64_t vocab_size = 0, hidden_size = 0, layers = 0;
  int64_t max_positions = 0;  // tokens that a sequence may have; 0: any number
  std::string positions_by;   // what of config.json says so, where it is not obvious
  int64_t token_types = 0;    // 0: the model has none
  int64_t labels = 2;
  bool bare = false;                     // a body without a head: heads in a checkpoint are left alone
  bool counts_positions = false;         // a position is the number of attended tokens before, not the column
  int64_t first_position = 0;            // what the published model calls its first position
  bool token_labels = false;             // one label a token
  bool word_labels = false;              // which name words of the vocabulary
  bool shifted_labels = false;           // a token's label is the next token (causal language models)
  std::string sentence_label;            // name of a second label, one a sequence; empty: none
  bool permutes = false;                 // reads permutations, queries and memories (XLNet)
  bool decoder = false;                  // a target side that reads the source
  int64_t decoder_start = -1;            // id that the decoder's input begins with when it is made of labels
  bool decoder_reads_ids = false;        // without labels the decoder's input is made of input_ids (BART)
  int64_t padding = -1;                  // pad_token_id; -1: none
  std::vector<std::string> label_names;  // id2label; empty when the folder names none
  bool bf16 = false;                     // "inference_precision": products in bf16 where the machine has them
  std::string problem_type;              // "regression", "single_label_classification", ...; may be empty
};

class Model {
 public:
  virtual ~Model() = default;
  // The whole network with the head that the configuration names; declares its outputs in `net`.
  virtual void build(Net& net) const = 0;
  // Prefix of the body's tensors in checkpoints with a head ("bert."); a bare body has none.
  virtual std::string body_prefix() const = 0;
  // What a layer's tensors begin with, up to its number: "bert.encoder.layer.".
  // Empty when layers share their weights.
  virtual std::string layer_prefix() const = 0;
  // The keys of config.json that count layers, heads and inner width; a student changes them.
  struct LayerKeys {
    const char *layers, *heads, *ffn;
  };
  virtual LayerKeys layer_keys() const {
    return {"num_hidden_layers", "num_attention_heads", "intermediate_size"};
  }
  // The word embedding's name.
  virtual std::string word_embedding() const = 0;
  // Today's name of a tensor that a checkpoint stores: older names of norms are known to all families.
  virtual std::string canonical_name(const std::string& stored) const;
  // Stored tensors that are no parameters: tables that are computed, second names of tied tensors.
  virtual bool is_buffer(const std::string& name) const;
  // Further names, each with the parameter it means, that a written checkpoint must hold for the reference to
  // load it.
  virtual std::map<std::string, std::string> second_names() const { return {}; }
  // The configuration that a checkpoint's tensors show to be the right one, where config.json is known to
  // err; nothing: it is right.
  virtual std::optional<Json> config_for(const TensorMap&) const { return std::nullopt; }
  const ModelInfo& info() const { return info_; }
  const Json& config() const { return config_; }

  // All tensors of the model, from building it once for a batch of one token.
  std::vector<ParameterSpec> parameters() const;

 protected:
  Model(Json config, ModelInfo info) : config_(std::move(config)), info_(std::move(info)) {}

 private:
  Json config_;
  ModelInfo info_;
};

// Chooses the class by `architectures` (or model_type); `where` names the file for errors, which list every
// problem.
std::unique_ptr<Model> make_model(const Json& config, const std::string& where);

// What the label of a batch means for a classification head of `info`, when the caller does not say.
LabelKind default_labels(const ModelInfo& info);

}  // namespace frugal

// BERT (Devlin et al. 2018, arXiv 1810.04805) and its heads, as config.json and checkpoints of Hugging Face
// name them.
#pragma once

#include "frugal/models/model.h"

namespace frugal {

struct BertConfig {
  int64_t vocab = 0, hidden = 0, layers = 0, positions = 0, types = 0, labels = 2;
  std::vector<int64_t> heads, ffn;  // one a layer: a pruned model is an ordinary model
  int64_t head_size = 0;
  Activation activation = Activation::gelu;
  double norm_eps = 1e-12, hidden_dropout = 0.1, attention_dropout = 0.1, classifier_dropout = 0.1;
  int64_t padding = 0;  // pad_token_id: its row of the word embeddings gets no gradient; -1: none
  bool tied = true;
};

class Bert : public Model {
 public:
  static std::unique_ptr<Model> make(const Json& config, const std::string& where);
  void build(Net& net) const override;
  std::string body_prefix() const override { return "bert."; }
  std::string layer_prefix() const override { return body() + "encoder.layer."; }
  std::string word_embedding() const override { return body() + "embeddings.word_embeddings.weight"; }
  bool is_buffer(const std::string& name) const override;

 private:
  Bert(Json config, ModelInfo info, BertConfig bert)
      : Model(std::move(config), std::move(info)), config_(bert) {}

  std::string body() const { return info().head == "Model" ? "" : "bert."; }
  Value encode(Net& net, Scope at) const;
  Value layer(Net& net, Scope at, Value x, int64_t index) const;
  Value pool(Net& net, Scope at, Value x) const;
  Value vocabulary_logits(Net& net, Scope at, Value x, Scope body) const;

  BertConfig config_;
};

}  // namespace frugal

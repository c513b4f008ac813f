// What BERT and its relatives share: an encoder of equal layers, and the heads that Hugging Face puts on it.
// A relative overrides what its paper changed.
#pragma once

#include "frugal/models/config_reader.h"
#include "frugal/models/model.h"

namespace frugal {

struct BertConfig {
  int64_t vocab = 0, hidden = 0, layers = 0, positions = 0, types = 0, labels = 2;
  int64_t embedding = 0;            // width of the embeddings; hidden unless a relative factorises them
  std::vector<int64_t> heads, ffn;  // one a layer: a pruned model is an ordinary model
  int64_t head_size = 0;
  Activation activation = Activation::gelu;
  double norm_eps = 1e-12, hidden_dropout = 0.1, attention_dropout = 0.1, classifier_dropout = 0.1;
  int64_t padding = 0;  // pad_token_id: its row of the word embeddings gets no gradient; -1: none
  bool tied = true;
};

// The keys of BERT's config.json; problems are collected in `read`.
BertConfig read_bert_config(ConfigReader& read, const Json& json, const std::string& where, ModelInfo& info);

class BertLike : public Model {
 public:
  void build(Net& net) const override;
  std::string body_prefix() const override { return name_ + "."; }
  std::string layer_prefix() const override { return body() + "encoder.layer."; }
  std::string word_embedding() const override { return body() + "embeddings.word_embeddings.weight"; }

 protected:
  // `name`: of the body in checkpoints with a head.
  BertLike(std::string name, Json config, ModelInfo info, BertConfig bert)
      : Model(std::move(config), std::move(info)), config_(std::move(bert)), name_(std::move(name)) {}

  // The scope of the body, and as a prefix: none for a body without a head.
  Scope body_scope() const { return info().bare ? Scope() : Scope(name_); }
  std::string body() const { return info().bare ? "" : name_ + "."; }

  virtual Value embeddings(Net& net, Scope at) const;
  // From the embeddings' width to the layers', where the two differ.
  virtual Value project(Net& net, Scope at, Value x) const { return x; }
  virtual Value layer(Net& net, Scope at, Value x, int64_t index) const;
  virtual Value encode(Net& net, Scope at) const;
  // Name of layer `index` under the body.
  virtual Scope layer_scope(Scope at, int64_t index) const { return at / "encoder.layer" / index; }
  virtual bool has_pooler() const { return true; }
  virtual Value pool(Net& net, Scope at, Value x) const;
  // Scores of every piece of the vocabulary: the head of a masked LM.
  virtual Value word_logits(Net& net, Value x) const = 0;
  virtual Value class_logits(Net& net, Value x) const;
  // "ForPreTraining": what the family was pre-trained with.
  virtual void pretraining(Net& net, Value x) const;

  // Embeddings of words, positions and types, added.
  Value embedding_sum(Net& net, Scope at, Value positions, int64_t position_padding = -1) const;
  // x times the words' embeddings (or an own matrix `at`.weight when untied), plus `bias`.
  Value decode_words(Net& net, const Scope& at, const Scope& bias, Value x) const;

  BertConfig config_;

 private:
  std::string name_;
};

}  // namespace frugal

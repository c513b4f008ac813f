// DistilBERT (Sanh et al. 2019, arXiv 1910.01108): BERT's layers without token types and pooler.
#pragma once

#include "frugal/models/bert_like.h"

namespace frugal {

class DistilBert : public BertLike {
 public:
  static std::unique_ptr<Model> make(const Json& config, const std::string& where);
  bool is_buffer(const std::string& name) const override;
  std::string layer_prefix() const override { return body() + "transformer.layer."; }
  LayerKeys layer_keys() const override { return {"n_layers", "n_heads", "hidden_dim"}; }

 private:
  DistilBert(Json config, ModelInfo info, BertConfig bert, double span_dropout)
      : BertLike("distilbert", std::move(config), std::move(info), std::move(bert)),
        span_dropout_(span_dropout) {}
  Value embeddings(Net& net, Scope at) const override;
  Value layer(Net& net, Scope at, Value x, int64_t index) const override;
  Value encode(Net& net, Scope at) const override;
  Scope layer_scope(Scope at, int64_t index) const override { return at / "transformer.layer" / index; }
  bool has_pooler() const override { return false; }
  Value word_logits(Net& net, Value x) const override;
  Value class_logits(Net& net, Value x) const override;

  double span_dropout_;
};

}  // namespace frugal

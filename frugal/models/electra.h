// ELECTRA (Clark et al. 2020, arXiv 2003.10555): BERT's encoder behind narrower embeddings, as the generator
// of replaced tokens (ForMaskedLM), their discriminator (ForPreTraining), and what is fine-tuned from it.
#pragma once

#include "frugal/models/bert_like.h"
#include "frugal/nn/heads.h"

namespace frugal {

class Electra : public BertLike {
 public:
  static std::unique_ptr<Model> make(const Json& config, const std::string& where);
  bool is_buffer(const std::string& name) const override;

 private:
  using BertLike::BertLike;
  Value project(Net& net, Scope at, Value x) const override;
  bool has_pooler() const override { return false; }
  Value word_logits(Net& net, Value x) const override;
  Value class_logits(Net& net, Value x) const override {
    return two_layer_classes(net, "classifier", net.first_of(x), config_.labels, Activation::gelu,
                             config_.classifier_dropout);
  }
  void pretraining(Net& net, Value x) const override;
};

}  // namespace frugal

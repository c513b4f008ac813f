// RoBERTa (Liu et al. 2019, arXiv 1907.11692): BERT's encoder with positions that begin behind the padding
// id, and heads of its own.
#pragma once

#include "frugal/models/bert_like.h"
#include "frugal/nn/heads.h"

namespace frugal {

class Roberta : public BertLike {
 public:
  static std::unique_ptr<Model> make(const Json& config, const std::string& where);
  bool is_buffer(const std::string& name) const override;

 private:
  using BertLike::BertLike;
  Value embeddings(Net& net, Scope at) const override;
  Value word_logits(Net& net, Value x) const override;
  Value class_logits(Net& net, Value x) const override {
    return two_layer_classes(net, "classifier", net.first_of(x), config_.labels, Activation::tanh,
                             config_.classifier_dropout);
  }
};

}  // namespace frugal

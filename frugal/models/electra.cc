#include "frugal/models/electra.h"

#include "frugal/nn/losses.h"
#include "frugal/ops/reshape.h"

namespace frugal {

std::unique_ptr<Model> Electra::make(const Json& json, const std::string& where) {
  ConfigReader read(json, where);
  ModelInfo info =
      read.info("Electra", {"Model", "ForMaskedLM", "ForPreTraining", "ForSequenceClassification",
                            "ForTokenClassification", "ForQuestionAnswering"});
  BertConfig c = read_bert_config(read, json, where, info);
  c.embedding = read.optional_positive("embedding_size", 128);
  if (info.head == "ForPreTraining") {  // each token: replaced or not
    info.token_labels = true;
    info.labels = 2;
  }
  read.finish();
  return std::unique_ptr<Model>(new Electra("electra", json, std::move(info), std::move(c)));
}

bool Electra::is_buffer(const std::string& name) const {
  return Model::is_buffer(name) || (config_.tied && name == "generator_lm_head.weight");
}

Value Electra::project(Net& net, Scope at, Value x) const {
  return config_.embedding == config_.hidden ? x : net.linear(at / "embeddings_project", x, config_.hidden);
}

Value Electra::word_logits(Net& net, Value x) const {
  const Scope at = "generator_predictions";
  Value y = net.activate(net.linear(at / "dense", x, config_.embedding), Activation::gelu);
  y = net.norm(at / "LayerNorm", y, config_.norm_eps);
  return decode_words(net, "generator_lm_head", "generator_lm_head.bias", y);
}

void Electra::pretraining(Net& net, Value x) const {
  const Scope at = "discriminator_predictions";
  const Value y = net.activate(net.linear(at / "dense", x, config_.hidden), config_.activation);
  const Value logits = net.linear(at / "dense_prediction", y, 1);
  net.output("logits", reshape(logits, {logits.dim(0)}), Rows::token);
  sequence_loss(net, logits, "labels", LabelKind::multi_hot);
}

}  // namespace frugal

#include "frugal/models/albert.h"

#include <fmt/format.h>

#include "frugal/nn/losses.h"
#include "frugal/ops/add.h"

namespace frugal {

std::unique_ptr<Model> Albert::make(const Json& json, const std::string& where) {
  ConfigReader read(json, where);
  ModelInfo info =
      read.info("Albert", {"Model", "ForPreTraining", "ForMaskedLM", "ForSequenceClassification",
                           "ForTokenClassification", "ForQuestionAnswering", "ForMultipleChoice"});
  if (info.head == "ForPreTraining") {
    info.token_labels = info.word_labels = true;
    info.sentence_label = "sentence_order_label";
  }
  BertConfig c = read_bert_config(read, json, where, info);
  c.embedding = read.positive("embedding_size");
  c.activation = read.activation("hidden_act", "gelu_new");
  c.hidden_dropout = read.real("hidden_dropout_prob", 0, 0, 0.999);
  c.attention_dropout = read.real("attention_probs_dropout_prob", 0, 0, 0.999);
  c.classifier_dropout = read.real("classifier_dropout_prob", 0.1, 0, 0.999);
  const int64_t groups = read.optional_positive("num_hidden_groups", 1);
  const int64_t inner = read.optional_positive("inner_group_num", 1);
  if (groups > c.layers)
    read.problem("num_hidden_groups", fmt::format("{} groups are more than {} layers", groups, c.layers));
  if (json.contains("num_attention_heads") && json["num_attention_heads"].is_array())
    read.problem("num_attention_heads", "shared layers have one number of heads");
  read.finish();
  return std::unique_ptr<Model>(new Albert(json, std::move(info), std::move(c), groups, inner));
}

bool Albert::is_buffer(const std::string& name) const {
  return Model::is_buffer(name) || name == "predictions.decoder.bias" ||
         (config_.tied && name == "predictions.decoder.weight");
}

Value Albert::project(Net& net, Scope at, Value x) const {
  return net.linear(at / "encoder.embedding_hidden_mapping_in", x, config_.hidden);
}

Scope Albert::layer_scope(Scope at, int64_t index) const {
  return at / "encoder.albert_layer_groups" / (index * groups_ / config_.layers);
}

Value Albert::layer(Net& net, Scope at, Value x, int64_t index) const {
  for (int64_t j = 0; j < inner_; ++j) x = inner_layer(net, at / "albert_layers" / j, x, index);
  return x;
}

Value Albert::inner_layer(Net& net, Scope at, Value x, int64_t index) const {
  const int64_t heads = config_.heads[index], width = heads * config_.head_size;
  const Scope attention = at / "attention";
  // The weights are shared, the dropout masks are not.
  const Scope site = attention / ("of layer " + std::to_string(index));
  const Value q = net.linear(attention / "query", x, width), k = net.linear(attention / "key", x, width);
  const Value v = net.linear(attention / "value", x, width);
  Value y = net.attend(site, q, k, v, heads, config_.attention_dropout);
  y = net.dropout(site, net.linear(attention / "dense", y, config_.hidden), config_.hidden_dropout);
  x = net.norm(attention / "LayerNorm", add(y, x), config_.norm_eps);
  y = net.activate(net.linear(at / "ffn", x, config_.ffn[index]), config_.activation);
  y = net.linear(at / "ffn_output", y, config_.hidden);
  return net.norm(at / "full_layer_layer_norm", add(y, x), config_.norm_eps);
}

Value Albert::pool(Net& net, Scope at, Value x) const {
  return net.activate(net.linear(at / "pooler", net.first_of(x), config_.hidden), Activation::tanh);
}

Value Albert::word_logits(Net& net, Value x) const {
  const Scope at = "predictions";
  Value y = net.activate(net.linear(at / "dense", x, config_.embedding), config_.activation);
  y = net.norm(at / "LayerNorm", y, config_.norm_eps);
  return decode_words(net, at / "decoder", at / "bias", y);
}

void Albert::pretraining(Net& net, Value x) const {
  const Value words = word_logits(net, x);
  const Scope at = "sop_classifier";
  const Value pooled = net.dropout(at, pool(net, body_scope(), x), config_.classifier_dropout);
  const Value order = net.linear(at / "classifier", pooled, 2);
  net.output("prediction_logits", words, Rows::token);
  net.output("sop_logits", order, Rows::sequence);
  pretraining_loss(net, words, order, info().sentence_label);
}

}  // namespace frugal

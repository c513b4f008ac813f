#include "frugal/models/bert_like.h"

#include "frugal/nn/heads.h"
#include "frugal/ops/add.h"

namespace frugal {

BertConfig read_bert_config(ConfigReader& read, const Json& json, const std::string& where, ModelInfo& info) {
  BertConfig c;
  c.vocab = info.vocab_size = read.positive("vocab_size");
  c.hidden = info.hidden_size = c.embedding = read.positive("hidden_size");
  c.layers = info.layers = read.positive("num_hidden_layers", 512);
  c.positions = info.max_positions = read.positive("max_position_embeddings");
  c.types = info.token_types = read.positive("type_vocab_size");
  c.heads = read.per_layer("num_attention_heads", c.layers);
  c.ffn = read.per_layer("intermediate_size", c.layers);
  c.head_size = read.head_size("attention_head_size", "hidden_size", c.hidden, c.heads[0]);
  c.activation = read.activation("hidden_act", "gelu");
  c.norm_eps = read.real("layer_norm_eps", 1e-12, 0, 1);
  c.hidden_dropout = read.real("hidden_dropout_prob", 0.1, 0, 0.999);
  c.attention_dropout = read.real("attention_probs_dropout_prob", 0.1, 0, 0.999);
  c.classifier_dropout = read.real("classifier_dropout", c.hidden_dropout, 0, 0.999);
  c.padding = info.padding = read.padding(c.vocab, 0);
  c.tied = read.boolean("tie_word_embeddings", true);
  c.labels = info.labels;
  if (read.text("position_embedding_type", "absolute") != "absolute")
    read.problem("position_embedding_type", "only \"absolute\" is known");
  if (read.boolean("is_decoder", false))
    read.problem("is_decoder", "an encoder used as a decoder is not supported");
  return c;
}

Value BertLike::embedding_sum(Net& net, Scope at, Value positions, int64_t position_padding) const {
  const Value words =
      net.embed(at / "word_embeddings", net.ids(), config_.vocab, config_.embedding, config_.padding);
  const Value places = net.embed(at / "position_embeddings", positions, config_.positions, config_.embedding,
                                 position_padding);
  const Value types = net.embed(at / "token_type_embeddings", net.types(), config_.types, config_.embedding);
  return add(add(words, places), types);
}

Value BertLike::embeddings(Net& net, Scope at) const {
  const Value x = embedding_sum(net, at, net.positions());
  return net.dropout(at, net.norm(at / "LayerNorm", x, config_.norm_eps), config_.hidden_dropout);
}

Value BertLike::encode(Net& net, Scope at) const {
  Value x = project(net, at, embeddings(net, at / "embeddings"));
  net.tap("hidden.0", x);
  for (int64_t i = 0; i < config_.layers; ++i) {
    x = layer(net, layer_scope(at, i), x, i);
    net.tap("hidden." + std::to_string(i + 1), x);
  }
  return x;
}

Value BertLike::layer(Net& net, Scope at, Value x, int64_t index) const {
  const int64_t heads = config_.heads[index], width = heads * config_.head_size;
  const Scope self = at / "attention.self";
  // Named one by one: the order of a call's arguments is the compiler's, the order of nodes is ours.
  const Value q = net.linear(self / "query", x, width), k = net.linear(self / "key", x, width);
  const Value v = net.linear(self / "value", x, width);
  Value context = net.attend(self, q, k, v, heads, config_.attention_dropout);
  const Scope mix = at / "attention.output";
  context = net.dropout(mix, net.linear(mix / "dense", context, config_.hidden), config_.hidden_dropout);
  x = net.norm(mix / "LayerNorm", add(context, x), config_.norm_eps);
  Value inner =
      net.activate(net.linear(at / "intermediate.dense", x, config_.ffn[index]), config_.activation);
  const Scope out = at / "output";
  inner = net.dropout(out, net.linear(out / "dense", inner, config_.hidden), config_.hidden_dropout);
  return net.norm(out / "LayerNorm", add(inner, x), config_.norm_eps);
}

Value BertLike::pool(Net& net, Scope at, Value x) const {
  return net.activate(net.linear(at / "pooler.dense", net.first_of(x), config_.hidden), Activation::tanh);
}

Value BertLike::decode_words(Net& net, const Scope& at, const Scope& bias, Value x) const {
  return word_scores(net, at, config_.tied ? Scope(word_embedding()) : at / "weight", x, config_.vocab,
                     net.parameter(bias, {config_.vocab}, Init::zeros));
}

Value BertLike::class_logits(Net& net, Value x) const {
  const Value pooled = net.dropout("classifier", pool(net, body_scope(), x), config_.classifier_dropout);
  return net.linear("classifier", pooled, config_.labels);
}

void BertLike::pretraining(Net& net, Value x) const {
  const Value words = word_logits(net, x);
  const Value relation = net.linear("cls.seq_relationship", pool(net, body_scope(), x), 2);
  net.output("prediction_logits", words, Rows::token);
  net.output("seq_relationship_logits", relation, Rows::sequence);
  pretraining_loss(net, words, relation, info().sentence_label);
}

void BertLike::build(Net& net) const {
  const std::string& head = info().head;
  const Value x = encode(net, body_scope());
  if (head == "Model") {
    net.output("last_hidden_state", x, Rows::token);
    if (has_pooler()) net.output("pooler_output", pool(net, {}, x), Rows::sequence);
  } else if (head == "ForMaskedLM") {
    const Value logits = word_logits(net, x);
    net.output("logits", logits, Rows::token);
    token_loss(net, logits);
  } else if (head == "ForPreTraining") {
    pretraining(net, x);
  } else if (head == "ForNextSentencePrediction") {
    const Value logits = net.linear("cls.seq_relationship", pool(net, body_scope(), x), 2);
    net.output("logits", logits, Rows::sequence);
    sequence_loss(net, logits, "labels", LabelKind::class_index);
  } else if (head == "ForSequenceClassification") {
    const Value logits = class_logits(net, x);
    net.output("logits", logits, Rows::sequence);
    sequence_loss(net, logits, "labels", net.options.labels);
  } else if (head == "ForTokenClassification") {
    token_classes(net, x, config_.labels, config_.classifier_dropout);
  } else if (head == "ForQuestionAnswering") {
    span_outputs(net, net.linear("qa_outputs", x, 2));
  } else {  // ForMultipleChoice
    const Value pooled = net.dropout("classifier", pool(net, body_scope(), x), config_.classifier_dropout);
    choice_scores(net, net.linear("classifier", pooled, 1));
  }
}

}  // namespace frugal

#include "frugal/models/bert.h"

#include <fmt/format.h>

#include "frugal/models/config_reader.h"
#include "frugal/nn/losses.h"
#include "frugal/ops/add.h"
#include "frugal/ops/column.h"
#include "frugal/ops/matmul.h"
#include "frugal/ops/reshape.h"

namespace frugal {

std::unique_ptr<Model> Bert::make(const Json& json, const std::string& where) {
  ConfigReader read(json, where);
  ModelInfo info = read.info("Bert", {"Model", "ForMaskedLM", "ForNextSentencePrediction", "ForPreTraining",
                                      "ForSequenceClassification", "ForTokenClassification",
                                      "ForQuestionAnswering", "ForMultipleChoice"});
  if (info.head == "ForPreTraining") {
    info.token_labels = info.word_labels = true;
    info.sentence_label = "next_sentence_label";
  }
  BertConfig c;
  c.vocab = info.vocab_size = read.positive("vocab_size");
  c.hidden = info.hidden_size = read.positive("hidden_size");
  c.layers = info.layers = read.positive("num_hidden_layers", 512);
  c.positions = info.max_positions = read.positive("max_position_embeddings");
  c.types = info.token_types = read.positive("type_vocab_size");
  c.heads = read.per_layer("num_attention_heads", c.layers);
  c.ffn = read.per_layer("intermediate_size", c.layers);
  c.head_size = read.optional_positive("attention_head_size", c.heads[0] ? c.hidden / c.heads[0] : 0);
  if (!json.contains("attention_head_size") && c.hidden % c.heads[0] != 0)
    read.problem("hidden_size", fmt::format("{} is not divisible by {} heads", c.hidden, c.heads[0]));
  c.activation = read.activation("hidden_act", "gelu");
  c.norm_eps = read.real("layer_norm_eps", 1e-12, 0, 1);
  c.hidden_dropout = read.real("hidden_dropout_prob", 0.1, 0, 0.999);
  c.attention_dropout = read.real("attention_probs_dropout_prob", 0.1, 0, 0.999);
  c.classifier_dropout = read.real("classifier_dropout", c.hidden_dropout, 0, 0.999);
  c.padding = has_value(json, "pad_token_id") ? get_int_or(json, "pad_token_id", where, 0, {-1, c.vocab - 1})
              : json.contains("pad_token_id") ? -1
                                              : 0;
  c.tied = read.boolean("tie_word_embeddings", true);
  c.labels = info.labels;
  if (read.text("position_embedding_type", "absolute") != "absolute")
    read.problem("position_embedding_type", "only \"absolute\" is known");
  if (read.boolean("is_decoder", false)) read.problem("is_decoder", "BERT as a decoder is not supported");
  read.finish();
  return std::unique_ptr<Model>(new Bert(json, std::move(info), std::move(c)));
}

bool Bert::is_buffer(const std::string& name) const {
  return Model::is_buffer(name) || name == "cls.predictions.decoder.bias" ||
         (config_.tied && name == "cls.predictions.decoder.weight");
}

Value Bert::encode(Net& net, Scope at) const {
  const Scope e = at / "embeddings";
  const Value words =
      net.embed(e / "word_embeddings", net.ids(), config_.vocab, config_.hidden, config_.padding);
  const Value places =
      net.embed(e / "position_embeddings", net.positions(), config_.positions, config_.hidden);
  const Value types = net.embed(e / "token_type_embeddings", net.types(), config_.types, config_.hidden);
  Value x = add(add(words, places), types);
  x = net.dropout(e, net.norm(e / "LayerNorm", x, config_.norm_eps), config_.hidden_dropout);
  net.tap("hidden.0", x);
  for (int64_t i = 0; i < config_.layers; ++i) {
    x = layer(net, at / "encoder.layer" / i, x, i);
    net.tap("hidden." + std::to_string(i + 1), x);
  }
  return x;
}

Value Bert::layer(Net& net, Scope at, Value x, int64_t index) const {
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

Value Bert::pool(Net& net, Scope at, Value x) const {
  return net.activate(net.linear(at / "pooler.dense", net.first_of(x), config_.hidden), Activation::tanh);
}

Value Bert::vocabulary_logits(Net& net, Scope at, Value x, Scope body) const {
  Value y = net.activate(net.linear(at / "transform.dense", x, config_.hidden), config_.activation);
  y = net.norm(at / "transform.LayerNorm", y, config_.norm_eps);
  const Scope weight = config_.tied ? body / "embeddings.word_embeddings.weight" : at / "decoder.weight";
  net.graph.set_scope((at / "decoder").path());
  return linear(y, net.parameter(weight, {config_.vocab, config_.hidden}),
                net.parameter(at / "bias", {config_.vocab}, Init::zeros));
}

void Bert::build(Net& net) const {
  const std::string& head = info().head;
  if (head == "Model") {
    const Value x = encode(net, {});
    net.output("last_hidden_state", x, Rows::token);
    net.output("pooler_output", pool(net, {}, x), Rows::sequence);
    return;
  }
  const Scope body = "bert";
  const Value x = encode(net, body);
  if (head == "ForMaskedLM") {
    const Value logits = vocabulary_logits(net, "cls.predictions", x, body);
    net.output("logits", logits, Rows::token);
    token_loss(net, logits);
  } else if (head == "ForNextSentencePrediction") {
    const Value logits = net.linear("cls.seq_relationship", pool(net, body, x), 2);
    net.output("logits", logits, Rows::sequence);
    sequence_loss(net, logits, "labels", LabelKind::class_index);
  } else if (head == "ForPreTraining") {
    const Value words = vocabulary_logits(net, "cls.predictions", x, body);
    const Value relation = net.linear("cls.seq_relationship", pool(net, body, x), 2);
    net.output("prediction_logits", words, Rows::token);
    net.output("seq_relationship_logits", relation, Rows::sequence);
    pretraining_loss(net, words, relation);
  } else if (head == "ForSequenceClassification") {
    const Value pooled = net.dropout("classifier", pool(net, body, x), config_.classifier_dropout);
    const Value logits = net.linear("classifier", pooled, config_.labels);
    net.output("logits", logits, Rows::sequence);
    sequence_loss(net, logits, "labels", net.options.labels);
  } else if (head == "ForTokenClassification") {
    const Value logits =
        net.linear("classifier", net.dropout("classifier", x, config_.classifier_dropout), config_.labels);
    net.output("logits", logits, Rows::token);
    token_loss(net, logits);
  } else if (head == "ForQuestionAnswering") {
    const Value logits = net.linear("qa_outputs", x, 2);
    span_outputs(net, logits);
  } else {  // ForMultipleChoice
    const Value pooled = net.dropout("classifier", pool(net, body, x), config_.classifier_dropout);
    const Value scores = net.linear("classifier", pooled, 1);
    const Value logits = reshape(scores, {net.shape.sequences / net.shape.choices, net.shape.choices});
    net.output("logits", logits, Rows::whole);
    sequence_loss(net, logits, "labels", LabelKind::class_index);
  }
}

}  // namespace frugal

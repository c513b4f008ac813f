#include "frugal/models/distilbert.h"

#include "frugal/ops/add.h"

namespace frugal {

std::unique_ptr<Model> DistilBert::make(const Json& json, const std::string& where) {
  ConfigReader read(json, where);
  ModelInfo info = read.info("DistilBert", {"Model", "ForMaskedLM", "ForSequenceClassification",
                                            "ForTokenClassification", "ForQuestionAnswering"});
  BertConfig c;
  c.vocab = info.vocab_size = read.positive("vocab_size");
  c.hidden = info.hidden_size = c.embedding = read.positive("dim");
  c.layers = info.layers = read.positive("n_layers", 512);
  c.positions = info.max_positions = read.optional_positive("max_position_embeddings", 512);
  c.heads = read.per_layer("n_heads", c.layers);
  c.ffn = read.per_layer("hidden_dim", c.layers);
  c.head_size = read.head_size("attention_head_size", "dim", c.hidden, c.heads[0]);
  c.activation = read.activation("activation", "gelu");
  c.hidden_dropout = read.real("dropout", 0.1, 0, 0.999);
  c.attention_dropout = read.real("attention_dropout", 0.1, 0, 0.999);
  c.classifier_dropout = info.head == "ForSequenceClassification"
                             ? read.real("seq_classif_dropout", 0.2, 0, 0.999)
                             : c.hidden_dropout;
  c.padding = info.padding = read.padding(c.vocab, 0);
  c.tied = read.boolean("tie_word_embeddings", true);
  c.labels = info.labels;
  const double span_dropout = read.real("qa_dropout", 0.1, 0, 0.999);
  read.finish();
  return std::unique_ptr<Model>(new DistilBert(json, std::move(info), std::move(c), span_dropout));
}

bool DistilBert::is_buffer(const std::string& name) const {
  return Model::is_buffer(name) || (config_.tied && name == "vocab_projector.weight");
}

Value DistilBert::embeddings(Net& net, Scope at) const {
  const Value words =
      net.embed(at / "word_embeddings", net.ids(), config_.vocab, config_.hidden, config_.padding);
  const Value places =
      net.embed(at / "position_embeddings", net.positions(), config_.positions, config_.hidden);
  const Value x = net.norm(at / "LayerNorm", add(words, places), config_.norm_eps);
  return net.dropout(at, x, config_.hidden_dropout);
}

Value DistilBert::layer(Net& net, Scope at, Value x, int64_t index) const {
  const int64_t heads = config_.heads[index], width = heads * config_.head_size;
  const Scope attention = at / "attention", ffn = at / "ffn";
  const Value q = net.linear(attention / "q_lin", x, width), k = net.linear(attention / "k_lin", x, width);
  const Value v = net.linear(attention / "v_lin", x, width);
  const Value context = net.attend(attention, q, k, v, heads, config_.attention_dropout);
  x = net.norm(at / "sa_layer_norm", add(net.linear(attention / "out_lin", context, config_.hidden), x),
               config_.norm_eps);
  Value inner = net.activate(net.linear(ffn / "lin1", x, config_.ffn[index]), config_.activation);
  inner = net.dropout(ffn, net.linear(ffn / "lin2", inner, config_.hidden), config_.hidden_dropout);
  return net.norm(at / "output_layer_norm", add(inner, x), config_.norm_eps);
}

Value DistilBert::encode(Net& net, Scope at) const {
  const Value x = BertLike::encode(net, at);
  return info().head == "ForQuestionAnswering" ? net.dropout("qa_outputs", x, span_dropout_) : x;
}

Value DistilBert::word_logits(Net& net, Value x) const {
  Value y = net.activate(net.linear("vocab_transform", x, config_.hidden), config_.activation);
  y = net.norm("vocab_layer_norm", y, config_.norm_eps);
  return decode_words(net, "vocab_projector", "vocab_projector.bias", y);
}

Value DistilBert::class_logits(Net& net, Value x) const {
  const Value y =
      net.activate(net.linear("pre_classifier", net.first_of(x), config_.hidden), Activation::relu);
  return net.linear("classifier", net.dropout("classifier", y, config_.classifier_dropout), config_.labels);
}

}  // namespace frugal

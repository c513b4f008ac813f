#include "frugal/models/roberta.h"

#include "frugal/ops/shift_ids.h"

namespace frugal {

std::unique_ptr<Model> Roberta::make(const Json& json, const std::string& where) {
  ConfigReader read(json, where);
  ModelInfo info =
      read.info("Roberta", {"Model", "ForMaskedLM", "ForSequenceClassification", "ForTokenClassification",
                            "ForQuestionAnswering", "ForMultipleChoice"});
  BertConfig c = read_bert_config(read, json, where, info);
  if (!json.contains("pad_token_id")) c.padding = info.padding = 1;
  if (c.padding < 0) read.problem("pad_token_id", "is needed: positions begin behind it");
  info.counts_positions = true;
  info.first_position = c.padding + 1;
  info.max_positions = c.positions - info.first_position;
  if (info.max_positions < 1)
    read.problem("max_position_embeddings", "leaves no position behind pad_token_id");
  read.finish();
  return std::unique_ptr<Model>(new Roberta("roberta", json, std::move(info), std::move(c)));
}

bool Roberta::is_buffer(const std::string& name) const {
  return Model::is_buffer(name) || name == "lm_head.decoder.bias" ||
         (config_.tied && name == "lm_head.decoder.weight");
}

Value Roberta::embeddings(Net& net, Scope at) const {
  const Value positions = shift_ids(net.positions(), static_cast<int32_t>(info().first_position));
  const Value x = embedding_sum(net, at, positions, config_.padding);
  return net.dropout(at, net.norm(at / "LayerNorm", x, config_.norm_eps), config_.hidden_dropout);
}

Value Roberta::word_logits(Net& net, Value x) const {
  const Scope at = "lm_head";
  Value y = net.activate(net.linear(at / "dense", x, config_.hidden), Activation::gelu);
  y = net.norm(at / "layer_norm", y, config_.norm_eps);
  return decode_words(net, at / "decoder", at / "bias", y);
}

}  // namespace frugal

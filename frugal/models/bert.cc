#include "frugal/models/bert.h"

namespace frugal {

ModelInfo Bert::read_info(ConfigReader& read, std::string_view family) {
  ModelInfo info = read.info(family, {"Model", "ForMaskedLM", "ForNextSentencePrediction", "ForPreTraining",
                                      "ForSequenceClassification", "ForTokenClassification",
                                      "ForQuestionAnswering", "ForMultipleChoice"});
  if (info.head == "ForPreTraining") {
    info.token_labels = info.word_labels = true;
    info.sentence_label = "next_sentence_label";
  }
  return info;
}

std::unique_ptr<Model> Bert::make(const Json& json, const std::string& where) {
  ConfigReader read(json, where);
  ModelInfo info = read_info(read, "Bert");
  BertConfig c = read_bert_config(read, json, where, info);
  read.finish();
  return std::unique_ptr<Model>(new Bert("bert", json, std::move(info), std::move(c)));
}

bool Bert::is_buffer(const std::string& name) const {
  return Model::is_buffer(name) || name == "cls.predictions.decoder.bias" ||
         (config_.tied && name == "cls.predictions.decoder.weight");
}

Value Bert::word_logits(Net& net, Value x) const {
  const Scope at = "cls.predictions";
  Value y = net.activate(net.linear(at / "transform.dense", x, config_.hidden), config_.activation);
  y = net.norm(at / "transform.LayerNorm", y, config_.norm_eps);
  return decode_words(net, at / "decoder", at / "bias", y);
}

}  // namespace frugal

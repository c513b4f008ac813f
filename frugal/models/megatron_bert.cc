#include "frugal/models/megatron_bert.h"

#include "frugal/ops/add.h"

namespace frugal {

std::unique_ptr<Model> MegatronBert::make(const Json& json, const std::string& where) {
  ConfigReader read(json, where);
  ModelInfo info = read_info(read, "MegatronBert");
  BertConfig c = read_bert_config(read, json, where, info);
  read.finish();
  return std::unique_ptr<Model>(new MegatronBert("bert", json, std::move(info), std::move(c)));
}

Value MegatronBert::embeddings(Net& net, Scope at) const {
  return net.dropout(at, embedding_sum(net, at, net.positions()), config_.hidden_dropout);
}

Value MegatronBert::layer(Net& net, Scope at, Value x, int64_t index) const {
  const int64_t heads = config_.heads[index], width = heads * config_.head_size;
  const Scope attention = at / "attention", self = attention / "self", mix = attention / "output";
  Value y = net.norm(attention / "ln", x, config_.norm_eps);
  const Value q = net.linear(self / "query", y, width), k = net.linear(self / "key", y, width);
  const Value v = net.linear(self / "value", y, width);
  y = net.linear(mix / "dense", net.attend(self, q, k, v, heads, config_.attention_dropout), config_.hidden);
  x = add(net.dropout(mix, y, config_.hidden_dropout), x);
  y = net.linear(at / "intermediate.dense", net.norm(at / "ln", x, config_.norm_eps), config_.ffn[index]);
  const Scope out = at / "output";
  y = net.linear(out / "dense", net.activate(y, config_.activation), config_.hidden);
  return add(net.dropout(out, y, config_.hidden_dropout), x);
}

Value MegatronBert::encode(Net& net, Scope at) const {
  return net.norm(at / "encoder.ln", Bert::encode(net, at), config_.norm_eps);
}

}  // namespace frugal

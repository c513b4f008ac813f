#include "frugal/models/bart.h"

#include <fmt/format.h>

#include <cmath>

#include "frugal/models/config_reader.h"
#include "frugal/nn/heads.h"
#include "frugal/ops/add.h"
#include "frugal/ops/reshape.h"
#include "frugal/ops/scale.h"
#include "frugal/ops/shift_ids.h"

namespace frugal {
namespace {

constexpr double kNormEps = 1e-5;
constexpr int32_t kFirstPosition = 2;  // the position tables begin with two rows that no token reads

BartConfig::Stack read_stack(ConfigReader& read, const std::string& side, int64_t hidden) {
  BartConfig::Stack stack;
  stack.layers = read.positive(side + "_layers", 512);
  stack.heads = read.per_layer(side + "_attention_heads", stack.layers);
  stack.ffn = read.per_layer(side + "_ffn_dim", stack.layers);
  for (int64_t heads : stack.heads)
    if (hidden % heads != 0)
      return read.problem("d_model", fmt::format("{} is not divisible by {} heads", hidden, heads)), stack;
  return stack;
}

}  // namespace

std::unique_ptr<Model> Bart::make(const Json& json, const std::string& where) {
  ConfigReader read(json, where);
  ModelInfo info = read.info(
      "Bart", {"Model", "ForConditionalGeneration", "ForSequenceClassification", "ForQuestionAnswering"});
  BartConfig c;
  c.vocab = info.vocab_size = read.positive("vocab_size");
  c.hidden = info.hidden_size = read.positive("d_model");
  c.encoder = read_stack(read, "encoder", c.hidden);
  c.decoder = read_stack(read, "decoder", c.hidden);
  info.layers = c.decoder.layers;
  c.positions = info.max_positions = read.optional_positive("max_position_embeddings", 1024);
  c.activation = read.activation("activation_function", "gelu");
  c.dropout = read.real("dropout", 0.1, 0, 0.999);
  c.attention_dropout = read.real("attention_dropout", 0, 0, 0.999);
  c.activation_dropout = read.real("activation_dropout", 0, 0, 0.999);
  c.classifier_dropout = read.real("classifier_dropout", 0, 0, 0.999);
  c.scaled = read.boolean("scale_embedding", false);
  c.tied = read.boolean("tie_word_embeddings", true);
  info.padding = read.padding(c.vocab, 1);
  info.decoder = info.decoder_reads_ids = true;
  info.decoder_start = read.id("decoder_start_token_id", c.vocab, 2);
  if (!json.contains("id2label") && !json.contains("num_labels")) info.labels = 3;
  c.labels = info.labels;
  read.finish();
  return std::unique_ptr<Model>(new Bart(json, std::move(info), std::move(c)));
}

bool Bart::is_buffer(const std::string& name) const {
  return Model::is_buffer(name) || name.ends_with("coder.embed_tokens.weight") ||
         name.ends_with(".version") || (config_.tied && name == "lm_head.weight");
}

Value Bart::embed(Net& net, const Side& side, Scope at) const {
  Value words = net.embed(body() + "shared", side.ids(), config_.vocab, config_.hidden, info().padding);
  if (config_.scaled)
    words = scale(words, static_cast<float>(std::sqrt(static_cast<double>(config_.hidden))));
  const Value places = net.embed(at / "embed_positions", shift_ids(side.positions(), kFirstPosition),
                                 config_.positions + kFirstPosition, config_.hidden);
  const Value x = net.norm(at / "layernorm_embedding", add(words, places), kNormEps);
  return net.dropout(at, x, config_.dropout);
}

Value Bart::self_attention(Net& net, const Side& side, Scope at, Value x, int64_t heads, bool causal) const {
  const Scope self = at / "self_attn";
  const Value q = net.linear(self / "q_proj", x, config_.hidden),
              k = net.linear(self / "k_proj", x, config_.hidden);
  const Value v = net.linear(self / "v_proj", x, config_.hidden);
  Value y = causal ? net.attend_causal(side, self, q, k, v, heads, config_.attention_dropout)
                   : net.attend(self, q, k, v, heads, config_.attention_dropout);
  y = net.dropout(self, net.linear(self / "out_proj", y, config_.hidden), config_.dropout);
  return net.norm(at / "self_attn_layer_norm", add(y, x), kNormEps);
}

Value Bart::cross_attention(Net& net, Scope at, Value x, Value memory, int64_t heads) const {
  const Scope cross = at / "encoder_attn";
  const Value q = net.linear(cross / "q_proj", x, config_.hidden);
  const Value k = net.linear(cross / "k_proj", memory, config_.hidden);
  const Value v = net.linear(cross / "v_proj", memory, config_.hidden);
  Value y = net.attend_across(cross, q, k, v, heads, config_.attention_dropout);
  y = net.dropout(cross, net.linear(cross / "out_proj", y, config_.hidden), config_.dropout);
  return net.norm(at / "encoder_attn_layer_norm", add(y, x), kNormEps);
}

Value Bart::feed_forward(Net& net, Scope at, Value x, int64_t width) const {
  Value y = net.activate(net.linear(at / "fc1", x, width), config_.activation);
  y = net.linear(at / "fc2", net.dropout(at / "fc1", y, config_.activation_dropout), config_.hidden);
  return net.norm(at / "final_layer_norm", add(net.dropout(at / "fc2", y, config_.dropout), x), kNormEps);
}

Value Bart::encode(Net& net, Scope at) const {
  Value x = embed(net, net.source, at);
  for (int64_t i = 0; i < config_.encoder.layers; ++i) {
    const Scope layer = at / "layers" / i;
    x = self_attention(net, net.source, layer, x, config_.encoder.heads[i], false);
    x = feed_forward(net, layer, x, config_.encoder.ffn[i]);
  }
  return x;
}

Value Bart::decode(Net& net, Scope at, Value memory) const {
  Value x = embed(net, net.target, at);
  net.tap("hidden.0", x);
  for (int64_t i = 0; i < config_.decoder.layers; ++i) {
    const Scope layer = at / "layers" / i;
    x = self_attention(net, net.target, layer, x, config_.decoder.heads[i], true);
    x = cross_attention(net, layer, x, memory, config_.decoder.heads[i]);
    x = feed_forward(net, layer, x, config_.decoder.ffn[i]);
    net.tap("hidden." + std::to_string(i + 1), x);
  }
  return x;
}

Value Bart::word_logits(Net& net, Value x) const {
  const Scope weight = config_.tied ? word_embedding() : "lm_head.weight";
  const Value bias = net.buffer("final_logits_bias", {1, config_.vocab});
  return word_scores(net, "lm_head", weight, x, config_.vocab, reshape(bias, {config_.vocab}));
}

void Bart::build(Net& net) const {
  const std::string& head = info().head;
  const Scope body = info().bare ? Scope() : Scope("model");
  const Value memory = encode(net, body / "encoder");
  const Value x = decode(net, body / "decoder", memory);
  net.output("encoder_last_hidden_state", memory, Rows::token);
  if (head == "Model") {
    net.output("last_hidden_state", x, Rows::target_token);
  } else if (head == "ForConditionalGeneration") {
    const Value logits = word_logits(net, x);
    net.output("logits", logits, Rows::target_token);
    token_loss(net, logits);
  } else if (head == "ForSequenceClassification") {  // of the last token, which is </s>
    const Value logits = two_layer_classes(net, "classification_head", net.last_of(net.target, x),
                                           config_.labels, Activation::tanh, config_.classifier_dropout);
    net.output("logits", logits, Rows::sequence);
    sequence_loss(net, logits, "labels", net.options.labels);
  } else {  // ForQuestionAnswering
    span_outputs(net, net.linear("qa_outputs", x, 2), net.target, Rows::target_token);
  }
}

}  // namespace frugal

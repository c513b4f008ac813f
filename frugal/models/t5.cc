#include "frugal/models/t5.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "frugal/base/error.h"
#include "frugal/nn/heads.h"
#include "frugal/ops/add.h"
#include "frugal/ops/bucketed_bias.h"
#include "frugal/ops/matmul.h"
#include "frugal/ops/multiply.h"
#include "frugal/ops/scale.h"

namespace frugal {
namespace {

const std::vector<std::string> kHeads{"Model",
                                      "ForConditionalGeneration",
                                      "WithLMHeadModel",
                                      "EncoderModel",
                                      "ForSequenceClassification",
                                      "ForTokenClassification",
                                      "ForQuestionAnswering"};

// "relu", "gated-gelu"; what an older file says of the parts wins, as in the reference.
void read_feed_forward(ConfigReader& read, T5Config& c, const std::string& fallback) {
  std::string name = read.text("feed_forward_proj", fallback);
  c.gated = name.starts_with("gated-");
  if (c.gated) name = name == "gated-gelu" ? "gelu_new" : name.substr(std::strlen("gated-"));
  c.gated = read.boolean("is_gated_act", c.gated);
  c.activation = read.activation("dense_act_fn", name);
}

bool same(const Tensor& a, const Tensor& b) {
  return a.type() == b.type() && a.shape() == b.shape() &&
         std::memcmp(a.bytes(), b.bytes(), a.byte_count()) == 0;
}

}  // namespace

T5Config T5::read_config(const Json& json, ConfigReader& read, ModelInfo& info) {
  T5Config c;
  c.vocab = info.vocab_size = read.positive("vocab_size");
  c.width = info.hidden_size = read.positive("d_model");
  c.head_size = read.positive("d_kv", 1 << 16);
  c.heads = read.positive("num_heads", 1 << 16);
  c.ffn = read.positive("d_ff");
  c.layers = info.layers = read.positive("num_layers", 512);
  c.decoder_layers = read.optional_positive("num_decoder_layers", c.layers, 512);
  c.buckets = read.optional_positive("relative_attention_num_buckets", 32, 1 << 16);
  c.max_distance = read.optional_positive("relative_attention_max_distance", 128, 1 << 20);
  if (c.buckets % 4 != 0)
    read.problem("relative_attention_num_buckets",
                 fmt::format("{} is not divisible by 4: two directions, each near and far", c.buckets));
  else if (c.max_distance <= c.buckets / 2)
    read.problem("relative_attention_max_distance",
                 fmt::format("{} is not above half of the {} buckets", c.max_distance, c.buckets));
  c.norm_eps = read.real("layer_norm_epsilon", 1e-6, 0, 1);
  c.dropout = read.real("dropout_rate", 0.1, 0, 0.999);
  c.classifier_dropout = read.real("classifier_dropout", 0, 0, 0.999);
  c.tied = read.boolean("tie_word_embeddings", true);
  info.padding = read.padding(c.vocab, 0);
  info.decoder_start = read.integer("decoder_start_token_id", -1, {-1, c.vocab - 1});
  info.decoder = info.head != "EncoderModel" && info.head != "ForTokenClassification";
  info.decoder_reads_ids = info.head == "ForSequenceClassification" || info.head == "ForQuestionAnswering";
  return c;
}

std::unique_ptr<Model> T5::make_t5(const Json& json, const std::string& where) {
  ConfigReader read(json, where);
  ModelInfo info = read.info("T5", kHeads);
  if (info.head == "WithLMHeadModel") {  // the first checkpoints' name
    info.head = "ForConditionalGeneration";
    info.token_labels = info.word_labels = true;
  }
  T5Config c = read_config(json, read, info);
  read_feed_forward(read, c, "relu");
  c.scaled = read.boolean("scale_decoder_outputs", c.tied);
  read.finish();
  return std::unique_ptr<Model>(new T5(json, std::move(info), c));
}

std::unique_ptr<Model> T5::make_mt5(const Json& json, const std::string& where) {
  ConfigReader read(json, where);
  ModelInfo info = read.info("MT5", kHeads);
  T5Config c = read_config(json, read, info);
  if (info.decoder_start < 0) info.decoder_start = 0;
  read_feed_forward(read, c, "gated-gelu");
  c.scaled = read.boolean("scale_decoder_outputs", false);
  read.finish();
  return std::unique_ptr<Model>(new T5(json, std::move(info), c));
}

std::string T5::body_prefix() const {
  return info().head == "ForSequenceClassification" || info().head == "ForTokenClassification"
             ? "transformer."
             : "";
}

// Both stacks' tables are second names of the shared one.
std::string T5::canonical_name(const std::string& stored) const {
  for (const char* name : {"encoder.embed_tokens.weight", "decoder.embed_tokens.weight"})
    if (stored.ends_with(name)) return stored.substr(0, stored.size() - std::strlen(name)) + "shared.weight";
  return stored;
}

// The bias of cross attention was stored by the first checkpoints and never used.
bool T5::is_buffer(const std::string& name) const {
  return name.ends_with("shared.weight") || (config_.tied && name == "lm_head.weight") ||
         name.ends_with("EncDecAttention.relative_attention_bias.weight");
}

std::optional<Json> T5::config_for(const TensorMap& tensors) const {
  // The table under each of its names: they must be one.
  const Tensor* table = nullptr;
  for (const auto& [name, tensor] : tensors) {
    if (!canonical_name(name).ends_with("shared.weight")) continue;
    if (table && !same(*table, tensor))
      throw Error(name, "differs from shared.weight: stacks with embeddings of their own are not supported");
    table = &tensor;
  }
  if (info().head != "ForConditionalGeneration") return std::nullopt;
  const auto head = tensors.find("lm_head.weight");
  const bool tied = head == tensors.end() || (table && same(*table, head->second));
  if (tied == config_.tied) return std::nullopt;
  Json json = config();
  json["tie_word_embeddings"] = tied;
  json["scale_decoder_outputs"] = config_.scaled;
  return json;
}

Value T5::mlp(Net& net, const Scope& at, Value x) const {
  Value inner = net.activate(net.linear_no_bias(at / (config_.gated ? "wi_0" : "wi"), x, config_.ffn),
                             config_.activation);
  if (config_.gated) inner = multiply(inner, net.linear_no_bias(at / "wi_1", x, config_.ffn));
  return net.linear_no_bias(at / "wo", net.dropout(at, inner, config_.dropout), config_.width);
}

Value T5::feed_forward(Net& net, const Scope& at, Value x, Stack&, int64_t) const {
  return mlp(net, at / "DenseReluDense", x);
}

Value T5::attend(Net& net, const Scope& at, Value x, Stack& stack, bool across) const {
  const Value from = across ? stack.memory : x;
  const int64_t inner = config_.heads * config_.head_size;
  // Named one by one: the order of a call's arguments is the compiler's, the order of nodes is ours.
  const Value q = net.linear_no_bias(at / "q", x, inner), k = net.linear_no_bias(at / "k", from, inner);
  const Value v = net.linear_no_bias(at / "v", from, inner);
  if (!across && !stack.bias) {
    net.graph.set_scope((at / "relative_attention_bias").path());
    stack.bias =
        bucketed_bias(net.parameter(at / "relative_attention_bias.weight", {config_.buckets, config_.heads}),
                      !stack.decoder, config_.max_distance);
  }
  const Value mixed = across ? net.attend_across(at, q, k, v, config_.heads, config_.dropout, 1)
                             : net.attend_relative(stack.side, at, q, k, v, stack.bias, stack.decoder,
                                                   config_.heads, config_.dropout);
  return net.linear_no_bias(at / "o", mixed, config_.width);
}

Value T5::block(Net& net, const Scope& at, Value x, Stack& stack, int64_t index) const {
  const auto residual = [&](int64_t layer, auto&& f) {
    const Scope here = at / "layer" / layer;
    const Value y = f(here, net.rms_norm(here / "layer_norm", x, config_.norm_eps));
    x = add(x, net.dropout(here, y, config_.dropout));
  };
  residual(0,
           [&](const Scope& here, Value y) { return attend(net, here / "SelfAttention", y, stack, false); });
  if (stack.decoder)
    residual(
        1, [&](const Scope& here, Value y) { return attend(net, here / "EncDecAttention", y, stack, true); });
  residual(stack.decoder ? 2 : 1,
           [&](const Scope& here, Value y) { return feed_forward(net, here, y, stack, index); });
  return x;
}

Value T5::run(Net& net, const Scope& at, Stack& stack) const {
  const std::string tap = stack.decoder ? "decoder.hidden." : "hidden.";
  const Scope table = body_prefix() + "shared";
  Value x =
      net.dropout(at, net.embed(table, stack.side.ids(), config_.vocab, config_.width), config_.dropout);
  net.tap(tap + "0", x);
  for (int64_t i = 0; i < stack.layers; ++i) {
    x = block(net, at / "block" / i, x, stack, i);
    net.tap(tap + std::to_string(i + 1), x);
  }
  const Scope last = at / "final_layer_norm";
  return net.dropout(last, net.rms_norm(last, x, config_.norm_eps), config_.dropout);
}

void T5::build(Net& net) const {
  const std::string body = body_prefix();
  Stack encoder{net.source, false, config_.layers, {}, {}, {}};
  const Value encoded = run(net, body + "encoder", encoder);
  if (info().head == "EncoderModel") return net.output("last_hidden_state", encoded, Rows::token);
  if (info().head == "ForTokenClassification")
    return token_classes(net, encoded, info().labels, config_.classifier_dropout);
  Stack decoder{net.target, true, config_.decoder_layers, encoded, {}, {}};
  const Value decoded = run(net, body + "decoder", decoder);
  if (info().head == "Model") net.output("encoder_last_hidden_state", encoded, Rows::token);
  head(net, decoded, encoder, decoder);
}

void T5::head(Net& net, Value x, const Stack& encoder, const Stack& decoder) const {
  if (info().head == "Model") return net.output("last_hidden_state", x, Rows::target_token);
  if (info().head == "ForSequenceClassification") {
    const Scope at = "classification_head";
    x = net.dropout(at / "dense", net.last_of(net.target, x), config_.classifier_dropout);
    x = net.activate(net.linear(at / "dense", x, config_.width), Activation::tanh);
    x = net.linear(at / "out_proj", net.dropout(at, x, config_.classifier_dropout), info().labels);
    net.output("logits", x, Rows::sequence);
    return sequence_loss(net, x, "labels", net.options.labels);
  }
  if (info().head == "ForQuestionAnswering")
    return span_outputs(net, net.linear("qa_outputs", x, 2), net.target, Rows::target_token);
  if (config_.scaled) x = scale(x, static_cast<float>(1 / std::sqrt(static_cast<double>(config_.width))));
  const Scope weight = config_.tied ? word_embedding() : "lm_head.weight";
  const Value logits = word_scores(net, "lm_head", weight, x, config_.vocab);
  net.output("logits", logits, Rows::target_token);
  token_loss(net, logits);
  if (net.options.labels == LabelKind::none) return;
  if (const Value extra = stack_loss(encoder, decoder))
    net.output("loss", add(net.graph.outputs().at("loss"), extra), Rows::whole);
}

}  // namespace frugal

#include "frugal/models/switch.h"

#include <fmt/format.h>

#include "frugal/models/config_reader.h"
#include "frugal/ops/add.h"

namespace frugal {
namespace {

// Asked for no sparse layer, the reference takes the number of layers for the step: layer 1 is sparse then.
int64_t sparse_step(ConfigReader& read, const std::string& stack, int64_t layers) {
  const int64_t sparse = read.integer("num_sparse_" + stack + "_layers", 3, {0, 512});
  return read.integer(stack + "_sparse_step", sparse > 0 ? layers / sparse : layers, {0, 512});
}

bool is_sparse(int64_t layer, int64_t step) { return step == 1 || (step > 1 && layer % step == 1); }

}  // namespace

std::unique_ptr<Model> Switch::make(const Json& json, const std::string& where) {
  ConfigReader read(json, where);
  ModelInfo info = read.info("SwitchTransformers", {"Model", "ForConditionalGeneration", "EncoderModel"});
  T5Config c = read_config(json, read, info);
  c.scaled = read.boolean("scale_decoder_outputs", c.tied);
  c.activation = read.activation("dense_act_fn", "relu");
  if (read.boolean("is_gated_act", false)) read.problem("is_gated_act", "gated experts are not known");
  SwitchConfig s;
  s.encoder_step = sparse_step(read, "encoder", c.layers);
  s.decoder_step = sparse_step(read, "decoder", c.decoder_layers);
  s.experts.count = read.optional_positive("num_experts", 8, 1 << 16);
  s.experts.inner = c.ffn;
  s.experts.capacity = read.integer("expert_capacity", 64, {0, int64_t{1} << 31});
  s.experts.activation = c.activation;
  s.experts.router_bias = read.boolean("router_bias", false);
  s.experts.jitter = read.real("router_jitter_noise", 0.01, 0, 0.999);
  // Not a key of the reference, which drops in experts what it drops elsewhere; the paper drops more in
  // experts when fine-tuning (section 2.4: 0.4 beside 0.1).
  s.experts.dropout = read.real("expert_dropout_rate", c.dropout, 0, 0.999);
  s.loss.z = static_cast<float>(read.real("router_z_loss_coef", 0.001, 0, 1e6));
  s.loss.balance = static_cast<float>(read.real("router_aux_loss_coef", 0.001, 0, 1e6));
  if (read.text("router_dtype", "float32") != "float32")
    read.problem("router_dtype", "routers run in float32 only");
  read.finish();
  return std::unique_ptr<Model>(new Switch(json, std::move(info), c, s));
}

std::map<std::string, std::string> Switch::second_names() const {
  std::map<std::string, std::string> names;
  if (t5().tied) return names;
  names["encoder.embed_tokens.weight"] = word_embedding();
  if (info().decoder) names["decoder.embed_tokens.weight"] = word_embedding();
  return names;
}

Value Switch::feed_forward(Net& net, const Scope& at, Value x, Stack& stack, int64_t index) const {
  const int64_t step = stack.decoder ? config_.decoder_step : config_.encoder_step;
  if (!is_sparse(index, step)) return mlp(net, at / "mlp", x);
  const Experts sparse = experts(net, at / "mlp", x, stack.side.offsets(), config_.experts);
  stack.router_logits.push_back(sparse.router_logits);
  return sparse.output;
}

Value Switch::stack_loss(const Stack& encoder, const Stack& decoder) const {
  Value sum;
  const auto take = [&](const Stack& stack, int64_t step) {
    if (step <= 1 || stack.router_logits.empty()) return;
    const Value loss = router_loss(stack.router_logits, stack.side.offsets(), config_.loss);
    sum = sum ? add(sum, loss) : loss;
  };
  take(encoder, config_.encoder_step);
  take(decoder, config_.decoder_step);
  return sum;
}

}  // namespace frugal

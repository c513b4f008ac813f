#include "frugal/models/llama.h"

#include <algorithm>
#include <cmath>

#include "frugal/base/error.h"
#include "frugal/models/config_reader.h"
#include "frugal/nn/heads.h"
#include "frugal/ops/add.h"
#include "frugal/ops/multiply.h"
#include "frugal/ops/rotary.h"

namespace frugal {
namespace {

// Llama 3's stretched context: slow rotations are slowed down further by `factor`, fast ones stay, those in
// between are mixed (as the reference computes "llama3").
void stretch(Tensor& frequencies, double factor, double low, double high, double old_length) {
  for (float& frequency : frequencies.data<float>()) {
    const double turns = old_length * frequency / (2 * M_PI);  // over the old context
    const double kept = std::clamp((turns - low) / (high - low), 0.0, 1.0);
    frequency = static_cast<float>((1 - kept) * frequency / factor + kept * frequency);
  }
}

// The configuration with what `rope_parameters` holds (in older files `rope_scaling`) beside its other keys,
// so that all problems come together.
Json with_rope_beside(const Json& json, const std::string& where) {
  Json flat = json;
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (!has_value(json, key)) continue;
    if (!json[key].is_object()) throw Error(where, fmt::format("{} is no object", key));
    flat.update(json[key]);
  }
  return flat;
}

Tensor read_frequencies(ConfigReader& read, int64_t head_size) {
  const double base = read.real("rope_theta", 10000, 1, 1e12);
  const std::string type = read.text("rope_type", read.text("type", "default"));
  if (head_size < 2 || head_size % 2 != 0) {
    read.problem("head_dim", fmt::format("{} is not even, so its features form no pairs", head_size));
    return {};
  }
  Tensor frequencies = rotary_frequencies(head_size, base);
  if (type == "linear") {
    const double factor = read.real("factor", 1, 1e-3, 1e6);
    for (float& frequency : frequencies.data<float>()) frequency = static_cast<float>(frequency / factor);
  } else if (type == "llama3") {
    const double low = read.real("low_freq_factor", 1, 1e-3, 1e6);
    const double high = read.real("high_freq_factor", 4, 1e-3, 1e6);
    if (high <= low) read.problem("high_freq_factor", "must be above low_freq_factor");
    stretch(frequencies, read.real("factor", 8, 1e-3, 1e6), low, high,
            static_cast<double>(read.optional_positive("original_max_position_embeddings", 8192)));
  } else if (type != "default") {
    read.problem("rope_type", fmt::format("{} is not supported: default, linear or llama3", in_quotes(type)));
  }
  return frequencies;
}

}  // namespace

std::unique_ptr<Model> Llama::make_as(std::string_view family, const Json& json, const std::string& where) {
  const Json flat = with_rope_beside(json, where);
  ConfigReader read(flat, where);
  ModelInfo info = read.info(family, {"Model", "ForCausalLM", "ForSequenceClassification"});
  const bool mistral = family == "Mistral", qwen = family == "Qwen2";
  LlamaConfig c;
  c.vocab = info.vocab_size = read.positive("vocab_size");
  c.hidden = info.hidden_size = read.positive("hidden_size");
  c.layers = info.layers = read.positive("num_hidden_layers", 512);
  c.heads = read.positive("num_attention_heads", 4096);
  c.key_heads = read.optional_positive("num_key_value_heads", mistral ? 8 : c.heads);
  if (c.key_heads < 1 || c.heads % c.key_heads != 0)
    read.problem("num_key_value_heads", fmt::format("{} does not divide {} heads", c.key_heads, c.heads));
  c.head_size = read.head_size("head_dim", "hidden_size", c.hidden, c.heads);
  c.ffn = read.positive("intermediate_size");
  info.max_positions = read.optional_positive("max_position_embeddings", mistral ? 131072
                                                                         : qwen  ? 32768
                                                                                 : 2048);
  c.activation = read.activation("hidden_act", "silu");
  c.norm_eps = read.real("rms_norm_eps", 1e-6, 0, 1);
  c.attention_dropout = read.real("attention_dropout", 0, 0, 0.999);
  c.query_bias = qwen || read.boolean("attention_bias", false);
  c.output_bias = !qwen && read.boolean("attention_bias", false);
  c.ffn_bias = read.boolean("mlp_bias", false);
  if (mistral && has_value(json, "sliding_window")) c.window = read.positive("sliding_window");
  if (qwen && read.boolean("use_sliding_window", false)) read.problem("use_sliding_window", "must be false");
  c.tied = read.boolean("tie_word_embeddings", false);
  info.padding = read.padding(c.vocab, -1);
  c.labels = info.labels;
  c.frequencies = read_frequencies(read, c.head_size);
  read.finish();
  return std::unique_ptr<Model>(new Llama(json, std::move(info), std::move(c)));
}

std::unique_ptr<Model> Llama::make(const Json& json, const std::string& where) {
  return make_as("Llama", json, where);
}
std::unique_ptr<Model> Llama::make_mistral(const Json& json, const std::string& where) {
  return make_as("Mistral", json, where);
}
std::unique_ptr<Model> Llama::make_qwen2(const Json& json, const std::string& where) {
  return make_as("Qwen2", json, where);
}

// Older checkpoints store the frequencies of each layer.
bool Llama::is_buffer(const std::string& name) const {
  return Model::is_buffer(name) || name.ends_with(".rotary_emb.inv_freq") ||
         (config_.tied && name == "lm_head.weight");
}

Value Llama::decode(Net& net, Scope at) const {
  Value x = net.embed(at / "embed_tokens", net.ids(), config_.vocab, config_.hidden);
  const Value angles = rotary_angles(net.positions(), net.graph.constant(config_.frequencies));
  net.tap("hidden.0", x);
  for (int64_t i = 0; i < config_.layers; ++i) {
    x = layer(net, at / "layers" / i, x, angles);
    net.tap("hidden." + std::to_string(i + 1), x);
  }
  return net.rms_norm(at / "norm", x, config_.norm_eps);
}

Value Llama::layer(Net& net, Scope at, Value x, Value angles) const {
  const LlamaConfig& c = config_;
  const Scope attention = at / "self_attn", mlp = at / "mlp";
  const auto project = [&](const Scope& weight, Value from, int64_t width, bool bias) {
    return bias ? net.linear(weight, from, width) : net.linear_no_bias(weight, from, width);
  };
  const Value normed = net.rms_norm(at / "input_layernorm", x, c.norm_eps);
  const auto heads_of = [&](const char* name, int64_t heads) {
    return project(attention / name, normed, heads * c.head_size, c.query_bias);
  };
  const Value q = rotary(heads_of("q_proj", c.heads), angles, c.heads, RotaryPairs::halves);
  const Value k = rotary(heads_of("k_proj", c.key_heads), angles, c.key_heads, RotaryPairs::halves);
  const Value v = heads_of("v_proj", c.key_heads);
  Value y = net.attend_causal(net.source, attention, q, k, v, c.heads, c.attention_dropout, c.window);
  x = add(project(attention / "o_proj", y, c.hidden, c.output_bias), x);
  y = net.rms_norm(at / "post_attention_layernorm", x, c.norm_eps);
  const Value gate = net.activate(project(mlp / "gate_proj", y, c.ffn, c.ffn_bias), c.activation);
  y = multiply(gate, project(mlp / "up_proj", y, c.ffn, c.ffn_bias));
  return add(project(mlp / "down_proj", y, c.hidden, c.ffn_bias), x);
}

void Llama::build(Net& net) const {
  const std::string& head = info().head;
  const Value x = decode(net, info().bare ? Scope() : Scope("model"));
  if (head == "Model") {
    net.output("last_hidden_state", x, Rows::token);
  } else if (head == "ForCausalLM") {
    next_word_scores(net, config_.tied ? word_embedding() : "lm_head.weight", x, config_.vocab);
  } else {  // ForSequenceClassification
    last_token_classes(net, x, config_.labels);
  }
}

}  // namespace frugal

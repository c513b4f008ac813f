#include "frugal/models/gpt2.h"

#include "frugal/models/config_reader.h"
#include "frugal/nn/heads.h"
#include "frugal/ops/add.h"
#include "frugal/ops/slice_columns.h"

namespace frugal {
namespace {

std::vector<int64_t> read_windows(ConfigReader& read, int64_t layers) {
  const int64_t window = read.optional_positive("window_size", 256);
  const auto kinds = read.texts("attention_layers", std::vector<std::string>(layers, "global"));
  if (static_cast<int64_t>(kinds.size()) != layers)
    read.problem("attention_layers", fmt::format("names {} layers, n_layer is {}", kinds.size(), layers));
  std::vector<int64_t> windows(layers, 0);
  for (size_t i = 0; i < kinds.size(); ++i) {
    if (kinds[i] != "global" && kinds[i] != "local")
      read.problem("attention_layers",
                   fmt::format("{} is neither \"global\" nor \"local\"", in_quotes(kinds[i])));
    if (kinds[i] == "local" && i < windows.size()) windows[i] = window;
  }
  return windows;
}

}  // namespace

std::unique_ptr<Model> Gpt2::make(const Json& json, const std::string& where) {
  ConfigReader read(json, where);
  ModelInfo info = read.info("GPT2", {"Model", "LMHeadModel", "ForSequenceClassification",
                                      "ForTokenClassification", "ForQuestionAnswering"});
  Gpt2Config c;
  c.vocab = info.vocab_size = read.positive("vocab_size");
  c.hidden = info.hidden_size = read.positive("n_embd");
  c.layers = info.layers = read.positive("n_layer", 512);
  c.positions = info.max_positions = read.optional_positive("n_positions", 1024);
  c.heads = read.per_layer("n_head", c.layers);
  c.ffn = has_value(json, "n_inner") ? read.per_layer("n_inner", c.layers)
                                     : std::vector<int64_t>(c.layers, 4 * c.hidden);
  c.windows = read_windows(read, c.layers);
  c.head_size = read.head_size("attention_head_size", "n_embd", c.hidden, c.heads[0]);
  c.activation = read.activation("activation_function", "gelu_new");
  c.norm_eps = read.real("layer_norm_epsilon", 1e-5, 0, 1);
  c.embedding_dropout = read.real("embd_pdrop", 0.1, 0, 0.999);
  c.dropout = read.real("resid_pdrop", 0.1, 0, 0.999);
  c.attention_dropout = read.real("attn_pdrop", 0.1, 0, 0.999);
  c.classifier_dropout = read.real("classifier_dropout", c.dropout, 0, 0.999);
  info.padding = read.padding(c.vocab, -1);
  c.tied = read.boolean("tie_word_embeddings", true);
  c.labels = info.labels;
  if (!read.boolean("scale_attn_weights", true)) read.problem("scale_attn_weights", "must be true");
  for (const char* key : {"scale_attn_by_inverse_layer_idx", "add_cross_attention"})
    if (read.boolean(key, false)) read.problem(key, "is not supported");
  read.finish();
  return std::unique_ptr<Model>(new Gpt2(json, std::move(info), std::move(c)));
}

// Older checkpoints store the causal mask of each layer.
bool Gpt2::is_buffer(const std::string& name) const {
  return Model::is_buffer(name) || name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias") ||
         (config_.tied && name == "lm_head.weight");
}

Value Gpt2::decode(Net& net, Scope at) const {
  const Value words = net.embed(at / "wte", net.ids(), config_.vocab, config_.hidden);
  const Value places = net.embed(at / "wpe", net.positions(), config_.positions, config_.hidden);
  Value x = net.dropout(at / "wte", add(words, places), config_.embedding_dropout);
  net.tap("hidden.0", x);
  for (int64_t i = 0; i < config_.layers; ++i) {
    x = layer(net, at / "h" / i, x, i);
    net.tap("hidden." + std::to_string(i + 1), x);
  }
  return net.norm(at / "ln_f", x, config_.norm_eps);
}

Value Gpt2::layer(Net& net, Scope at, Value x, int64_t index) const {
  const int64_t heads = config_.heads[index], width = heads * config_.head_size;
  const Scope attention = at / "attn", mlp = at / "mlp";
  Value y = net.conv1d(attention / "c_attn", net.norm(at / "ln_1", x, config_.norm_eps), 3 * width);
  const Value q = slice_columns(y, 0, width), k = slice_columns(y, width, width);
  const Value v = slice_columns(y, 2 * width, width);
  y = net.attend_causal(net.source, attention, q, k, v, heads, config_.attention_dropout,
                        config_.windows[index]);
  y = net.dropout(attention, net.conv1d(attention / "c_proj", y, config_.hidden), config_.dropout);
  x = add(y, x);
  y = net.conv1d(mlp / "c_fc", net.norm(at / "ln_2", x, config_.norm_eps), config_.ffn[index]);
  y = net.conv1d(mlp / "c_proj", net.activate(y, config_.activation), config_.hidden);
  return add(net.dropout(mlp, y, config_.dropout), x);
}

void Gpt2::build(Net& net) const {
  const std::string& head = info().head;
  const Value x = decode(net, info().bare ? Scope() : Scope("transformer"));
  if (head == "Model") {
    net.output("last_hidden_state", x, Rows::token);
  } else if (head == "LMHeadModel") {
    next_word_scores(net, config_.tied ? word_embedding() : "lm_head.weight", x, config_.vocab);
  } else if (head == "ForSequenceClassification") {
    last_token_classes(net, x, config_.labels);
  } else if (head == "ForTokenClassification") {
    token_classes(net, x, config_.labels, config_.classifier_dropout);
  } else {  // ForQuestionAnswering
    span_outputs(net, net.linear("qa_outputs", x, 2));
  }
}

}  // namespace frugal

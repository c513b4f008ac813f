#include "frugal/models/xlnet.h"

#include <algorithm>
#include <cmath>

#include "frugal/base/random.h"
#include "frugal/models/config_reader.h"
#include "frugal/nn/heads.h"
#include "frugal/ops/add.h"
#include "frugal/ops/embedding.h"
#include "frugal/ops/matmul.h"
#include "frugal/ops/prepend_rows.h"
#include "frugal/ops/reshape.h"
#include "frugal/ops/segment_mean.h"
#include "frugal/ops/sinusoids.h"
#include "frugal/ops/xl_attention.h"

namespace frugal {

std::unique_ptr<Model> Xlnet::make(const Json& json, const std::string& where) {
  ConfigReader read(json, where);
  ModelInfo info =
      read.info("XLNet", {"Model", "LMHeadModel", "ForSequenceClassification", "ForTokenClassification",
                          "ForMultipleChoice", "ForQuestionAnswering", "ForQuestionAnsweringSimple"});
  info.shifted_labels = false;  // a query predicts the token at its own position
  info.permutes = true;
  XlnetConfig c;
  c.vocab = info.vocab_size = read.positive("vocab_size");
  c.hidden = info.hidden_size = read.positive("d_model");
  c.layers = info.layers = read.positive("n_layer", 512);
  c.heads = read.per_layer("n_head", c.layers);
  c.ffn = read.per_layer("d_inner", c.layers);
  c.head_size = read.head_size("d_head", "d_model", c.hidden, c.heads[0]);
  if (c.hidden % 2 != 0) read.problem("d_model", "must be even");
  c.activation = read.activation("ff_activation", "gelu");
  c.norm_eps = read.real("layer_norm_eps", 1e-12, 0, 1);
  c.dropout = read.real("dropout", 0.1, 0, 0.999);
  const std::string attention = read.text("attn_type", "bi");
  if (attention != "bi" && attention != "uni") read.problem("attn_type", "only \"bi\" and \"uni\" are known");
  c.causal = attention == "uni";
  c.same_length = read.boolean("same_length", false);
  c.clamp_length = static_cast<int64_t>(read.real("clamp_len", -1, -1, 1 << 24));
  if (read.boolean("bi_data", false))
    read.problem("bi_data", "batches of which one half runs backwards are not supported");
  info.padding = read.padding(c.vocab, 5);
  c.tied = read.boolean("tie_word_embeddings", true);
  c.labels = info.labels;
  c.summary = read.text("summary_type", "last");
  if (c.summary == "cls_index") c.summary = "last";  // the default of an index that nobody gives
  if (c.summary != "last" && c.summary != "first" && c.summary != "mean")
    read.problem("summary_type", "only \"last\", \"first\", \"mean\" and \"cls_index\" are known");
  c.summary_projects = read.boolean("summary_use_proj", true);
  if (read.boolean("summary_proj_to_labels", false))
    read.problem("summary_proj_to_labels", "is not supported");
  c.summary_activation = has_value(json, "summary_activation") || !json.contains("summary_activation")
                             ? read.activation("summary_activation", "tanh")
                             : Activation::none;
  c.summary_first_dropout = read.real("summary_first_dropout", 0, 0, 0.999);
  c.summary_last_dropout = read.real("summary_last_dropout", 0.1, 0, 0.999);
  c.search.starts = read.optional_positive("start_n_top", 5, 1024);
  c.search.ends = read.optional_positive("end_n_top", 5, 1024);
  c.search.norm_eps = c.norm_eps;
  if (info.head == "ForQuestionAnsweringSimple" && info.labels != 2)
    read.problem("num_labels", "the answer head needs two: start and end");
  read.finish();
  return std::unique_ptr<Model>(new Xlnet(json, std::move(info), std::move(c)));
}

bool Xlnet::is_buffer(const std::string& name) const {
  return Model::is_buffer(name) || (config_.tied && name == "lm_loss.weight");
}

// Rows that attend: the tokens ("content"), or the queries.
struct Xlnet::Stream {
  std::string name;
  Value rows;  // none: there is no such stream
  Value offsets, positions, types, hidden;
};

// What they attend to: memory and tokens, and the projected encodings of distances.
struct Xlnet::Keys {
  Value k, v, offsets, positions, types, distances;
};

// A weight is stored [hidden, heads, head size].
Value Xlnet::project(Net& net, const Scope& at, Value x, int64_t heads) const {
  net.graph.set_scope(at.path());
  const Value weight = net.parameter(at, {config_.hidden, heads, config_.head_size});
  return matmul(x, reshape(weight, {config_.hidden, heads * config_.head_size}));
}

Xlnet::Keys Xlnet::keys_of(Net& net, const Scope& at, Value x, Value distances, int64_t index) const {
  const int64_t heads = config_.heads[index], memory = net.shape.memory;
  Keys keys;
  keys.offsets = net.offsets(), keys.positions = net.positions(), keys.types = net.types();
  if (memory > 0) {
    const int64_t older = net.shape.sequences * memory, rows = older + net.shape.tokens;
    const Value mems = net.graph.input("mems." + std::to_string(index), f32({older, config_.hidden}));
    x = prepend_rows(mems, x, net.offsets());
    keys.offsets = net.graph.input("key_offsets", i32({net.shape.sequences + 1}));
    keys.positions = net.graph.input("key_positions", i32({rows}));
    keys.types = net.graph.input("key_types", i32({rows}));
  }
  keys.k = project(net, at / "k", x, heads);
  keys.v = project(net, at / "v", x, heads);
  keys.distances = project(net, at / "r", distances, heads);
  return keys;
}

Value Xlnet::attend(Net& net, const Scope& at, const Stream& stream, const Keys& keys, int64_t index) const {
  const int64_t heads = config_.heads[index], size = config_.head_size;
  const Value q = project(net, at / "q", stream.rows, heads);
  XlTerms terms;
  terms.r = keys.distances;
  terms.content_bias = net.parameter(at / "r_w_bias", {heads, size});
  terms.position_bias = net.parameter(at / "r_r_bias", {heads, size});
  terms.segment_bias = net.parameter(at / "r_s_bias", {heads, size});
  terms.segments = net.parameter(at / "seg_embed", {2, heads, size});
  terms.q_positions = stream.positions, terms.q_types = stream.types, terms.hidden = stream.hidden;
  terms.k_positions = keys.positions, terms.k_types = keys.types;
  XlAttentionOptions options;
  options.heads = static_cast<int>(heads);
  options.scale = static_cast<float>(1 / std::sqrt(static_cast<double>(size)));
  options.causal = config_.causal;
  options.window = config_.causal && config_.same_length ? net.shape.memory + 1 : 0;
  options.dropout = net.options.training ? static_cast<float>(config_.dropout) : 0;
  options.site = hash_of((at / stream.name).path() + "#attention");
  options.longest = net.shape.longest + net.shape.memory;
  options.back = net.shape.longest, options.memory = net.shape.memory;
  net.graph.set_scope(at.path());
  Value y = xl_attention(q, keys.k, keys.v, stream.offsets, keys.offsets, terms, options,
                         options.dropout > 0 ? net.random() : Value{});
  const Value o = net.parameter(at / "o", {config_.hidden, heads, size});
  y = linear(y, reshape(o, {config_.hidden, heads * size}), {});
  y = net.dropout(at / stream.name, y, config_.dropout);
  return net.norm(at / "layer_norm", add(y, stream.rows), config_.norm_eps);
}

Value Xlnet::feed_forward(Net& net, const Scope& at, const Scope& site, Value x, int64_t index) const {
  Value y = net.activate(net.linear(at / "layer_1", x, config_.ffn[index]), config_.activation);
  y = net.dropout(site / "layer_1", y, config_.dropout);
  y = net.dropout(site / "layer_2", net.linear(at / "layer_2", y, config_.hidden), config_.dropout);
  return net.norm(at / "layer_norm", add(y, x), config_.norm_eps);
}

// The last layer's output: of the queries where there are any.
Value Xlnet::encode(Net& net, Scope at) const {
  const auto hidden_input = [&](const char* name, int64_t rows) {
    return net.shape.hidden_pairs ? net.graph.input(name, {DType::u8, {rows, net.shape.longest}}) : Value{};
  };
  const Scope words = at / "word_embedding", distances_at = at / "distances";
  Stream content{"content",     net.embed(words, net.ids(), config_.vocab, config_.hidden),
                 net.offsets(), net.positions(),
                 net.types(),   hidden_input("hidden", net.shape.tokens)};
  content.rows = net.dropout(words, content.rows, config_.dropout);
  const Value start = reshape(net.parameter(at / "mask_emb", {1, 1, config_.hidden}), {1, config_.hidden});
  Stream queries;
  if (const int64_t rows = net.shape.target_tokens; rows > 0) {
    queries = {"queries",
               embedding(start, net.target.ids(), -1),
               net.target.offsets(),
               net.target.positions(),
               net.target.types(),
               hidden_input("decoder_hidden", rows)};
    queries.rows = net.dropout(at / "mask_emb", queries.rows, config_.dropout);
  }
  // Row `longest` is distance 0. One draw of dropout serves all sequences.
  Value distances = sinusoids(net.graph, -net.shape.longest, 2 * net.shape.longest + net.shape.memory,
                              config_.hidden, std::max<int64_t>(0, config_.clamp_length));
  distances = net.dropout(distances_at, distances, config_.dropout);
  net.tap("hidden.0", content.rows);
  for (int64_t i = 0; i < config_.layers; ++i) {
    const Scope layer = at / "layer" / i, attention = layer / "rel_attn";
    const Keys keys = keys_of(net, attention, content.rows, distances, i);
    for (Stream* stream : {&content, &queries}) {
      if (!stream->rows) continue;
      const Value y = attend(net, attention, *stream, keys, i);
      stream->rows = feed_forward(net, layer / "ff", layer / stream->name, y, i);
    }
    net.tap("hidden." + std::to_string(i + 1), content.rows);
  }
  return net.dropout(at, queries.rows ? queries.rows : content.rows, config_.dropout);
}

Value Xlnet::summarize(Net& net, Value x) const {
  const Scope at = "sequence_summary";
  Value y = config_.summary == "last"    ? net.last_of(net.source, x)
            : config_.summary == "first" ? net.first_of(x)
                                         : segment_mean(x, net.offsets());
  y = net.dropout(at / "first", y, config_.summary_first_dropout);
  if (config_.summary_projects) y = net.linear(at / "summary", y, config_.hidden);
  y = net.activate(y, config_.summary_activation);
  return net.dropout(at / "last", y, config_.summary_last_dropout);
}

void Xlnet::build(Net& net) const {
  const std::string& head = info().head;
  const Value x = encode(net, info().bare ? Scope() : Scope("transformer"));
  const Rows rows = net.shape.target_tokens > 0 ? Rows::target_token : Rows::token;
  if (head == "Model") {
    net.output("last_hidden_state", x, rows);
  } else if (head == "LMHeadModel") {
    const Scope weight = config_.tied ? word_embedding() : "lm_loss.weight";
    const Value logits = word_scores(net, "lm_loss", weight, x, config_.vocab,
                                     net.parameter("lm_loss.bias", {config_.vocab}, Init::zeros));
    net.output("logits", logits, rows);
    token_loss(net, logits);
  } else if (head == "ForSequenceClassification") {
    const Value logits = net.linear("logits_proj", summarize(net, x), config_.labels);
    net.output("logits", logits, Rows::sequence);
    sequence_loss(net, logits, "labels", net.options.labels);
  } else if (head == "ForTokenClassification") {
    token_classes(net, x, config_.labels, 0);
  } else if (head == "ForMultipleChoice") {
    choice_scores(net, net.linear("logits_proj", summarize(net, x), 1));
  } else if (head == "ForQuestionAnsweringSimple") {
    span_outputs(net, net.linear("qa_outputs", x, 2));
  } else {
    span_search_outputs(net, x, config_.search);
  }
}

}  // namespace frugal

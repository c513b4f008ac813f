#include "frugal/models/reformer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "frugal/models/config_reader.h"
#include "frugal/nn/losses.h"
#include "frugal/nn/reversible.h"
#include "frugal/nn/row_pieces.h"
#include "frugal/ops/add.h"
#include "frugal/ops/axis_index.h"
#include "frugal/ops/concat.h"
#include "frugal/ops/embedding.h"
#include "frugal/ops/reshape.h"
#include "frugal/ops/scale_rows.h"

namespace frugal {
namespace {

bool has(const std::vector<std::string>& kinds, const char* kind) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

ChunkOptions read_window(ConfigReader& read, const std::string& kind, bool causal) {
  ChunkOptions window;
  window.chunk = read.optional_positive(kind + "_attn_chunk_length", 64);
  window.before = read.integer(kind + "_num_chunks_before", 1, {0, 64});
  window.after = read.integer(kind + "_num_chunks_after", 0, {0, 64});
  window.causal = causal;
  return window;
}

// A sequence takes whole chunks of both kinds, unless the shorter kind's chunk holds it.
void round_extents(ReformerConfig& c) {
  ChunkOptions &local = c.local, &lsh = c.lsh;
  const bool both = has(c.kinds, "local") && has(c.kinds, "lsh");
  for (ChunkOptions* window : {&local, &lsh}) {
    window->multiple = both ? std::lcm(local.chunk, lsh.chunk) : window->chunk;
    window->shortest = both ? std::min(local.chunk, lsh.chunk) : window->chunk;
  }
}

void read_buckets(ConfigReader& read, LshSettings& hash) {
  hash.factors = read.integers("num_buckets", {}, kMostBuckets);
  int64_t buckets = 1;
  for (int64_t factor : hash.factors) {
    if (factor % 2 != 0) read.problem("num_buckets", fmt::format("{} is odd: buckets come in pairs", factor));
    buckets = std::min(buckets * factor, kMostBuckets + 1);
  }
  if (buckets > kMostBuckets)
    read.problem("num_buckets", fmt::format("{} make more than {} buckets", hash.factors, kMostBuckets));
}

// How positions are embedded, and what then bounds their number.
std::string read_axes(ConfigReader& read, ReformerConfig& c) {
  if (!read.boolean("axial_pos_embds", true)) return "max_position_embeddings";
  c.axial_shape = read.integers("axial_pos_shape", {64, 64}, 1 << 24);
  c.axial_widths = read.integers("axial_pos_embds_dim", {64, 192}, 1 << 24);
  if (c.axial_shape.size() != c.axial_widths.size())
    read.problem("axial_pos_embds_dim", fmt::format("has {} entries, axial_pos_shape has {}",
                                                    c.axial_widths.size(), c.axial_shape.size()));
  const int64_t width = std::accumulate(c.axial_widths.begin(), c.axial_widths.end(), int64_t{0});
  if (width != c.hidden)
    read.problem("axial_pos_embds_dim",
                 fmt::format("{} add up to {}, not to hidden_size {}", c.axial_widths, width, c.hidden));
  int64_t places = 1;
  for (int64_t size : c.axial_shape) places = std::min(places * size, int64_t{1} << 30);
  if (places >= c.positions) return "max_position_embeddings";
  c.positions = places;
  return fmt::format("axial_pos_shape {}", c.axial_shape);
}

}  // namespace

std::unique_ptr<Model> Reformer::make(const Json& json, const std::string& where) {
  ConfigReader read(json, where);
  ModelInfo info = read.info("Reformer", {"Model", "ModelWithLMHead", "ForMaskedLM",
                                          "ForSequenceClassification", "ForQuestionAnswering"});
  ReformerConfig c;
  c.vocab = info.vocab_size = read.optional_positive("vocab_size", 320);
  c.hidden = info.hidden_size = read.optional_positive("hidden_size", 256);
  c.kinds = read.texts("attn_layers", {"local", "lsh", "local", "lsh", "local", "lsh"});
  const auto layers = info.layers = static_cast<int64_t>(c.kinds.size());
  if (layers == 0 || layers > 512) read.problem("attn_layers", fmt::format("names {} layers", layers));
  for (const std::string& kind : c.kinds)
    if (kind != "local" && kind != "lsh")
      read.problem("attn_layers", fmt::format("{} is neither \"local\" nor \"lsh\"", in_quotes(kind)));
  if (const int64_t named = read.optional_positive("num_hidden_layers", layers); named != layers)
    read.problem("num_hidden_layers", fmt::format("is {}, attn_layers names {}", named, layers));
  c.heads = read.per_layer("num_attention_heads", layers);
  c.ffn = read.per_layer("feed_forward_size", layers);
  c.head_size = read.optional_positive("attention_head_size", 64);
  c.positions = read.optional_positive("max_position_embeddings", 4096);
  info.positions_by = read_axes(read, c);
  info.max_positions = c.positions;
  const bool causal = read.boolean("is_decoder", false);
  c.local = read_window(read, "local", causal);
  c.lsh = read_window(read, "lsh", causal);
  round_extents(c);
  c.hash.rounds = read.optional_positive("num_hashes", 1, 64);
  c.hash.positions = c.positions;
  read_buckets(read, c.hash);
  if (has_value(json, "hash_seed")) c.hash.seed = read.integer("hash_seed", 0, {});
  c.activation = read.activation("hidden_act", "relu");
  c.norm_eps = read.real("layer_norm_eps", 1e-12, 0, 1);
  c.dropout = read.real("hidden_dropout_prob", 0.05, 0, 0.999);
  c.local_dropout = read.real("local_attention_probs_dropout_prob", 0.05, 0, 0.999);
  c.lsh_dropout = read.real("lsh_attention_probs_dropout_prob", 0, 0, 0.999);
  c.classifier_dropout = read.real("classifier_dropout", c.dropout, 0, 0.999);
  c.ffn_rows = read.integer("chunk_size_feed_forward", 0, {0, 1 << 24});
  c.head_rows = read.integer("chunk_size_lm_head", 0, {0, 1 << 24});
  c.labels = info.labels;
  if (info.head == "ForMaskedLM" && causal) read.problem("is_decoder", "must be false for a masked LM");
  if (info.head == "ForQuestionAnswering" && info.labels != 2)
    read.problem("num_labels", "the answer head needs two: start and end");
  if (info.head == "ModelWithLMHead") {
    if (!causal) read.problem("is_decoder", "must be true for a causal LM");
    for (const auto& [kind, window] : {std::pair("local", c.local), std::pair("lsh", c.lsh)})
      if (has(c.kinds, kind) && window.after > 0)
        read.problem(fmt::format("{}_num_chunks_after", kind), "must be 0 for a causal LM");
  }
  read.finish();
  return std::unique_ptr<Model>(new Reformer(json, std::move(info), std::move(c)));
}

// Older checkpoints store the scores of masked pairs.
bool Reformer::is_buffer(const std::string& name) const {
  return Model::is_buffer(name) || name.ends_with("mask_value_float16") ||
         name.ends_with("mask_value_float32");
}

// Axial positions are a grid, row by row; a position's vector is made of one row of a table for each axis.
// Their dropout drops all of a column of the grid.
Value Reformer::embed_positions(Net& net, const Scope& at) const {
  if (config_.axial_shape.empty())
    return net.dropout(at, net.embed(at / "embedding", net.positions(), config_.positions, config_.hidden),
                       config_.dropout);
  const size_t axes = config_.axial_shape.size();
  std::vector<Value> parts;
  int64_t stride = 1;
  for (size_t axis = axes; axis-- > 0;) {
    const int64_t size = config_.axial_shape[axis], width = config_.axial_widths[axis];
    Shape shape(axes, 1);
    shape[axis] = size;
    shape.push_back(width);
    net.graph.set_scope(at.path());
    const Value table = net.parameter(at / "weights" / static_cast<int64_t>(axis), shape);
    const Value index = axis_index(net.positions(), stride, size);
    parts.insert(parts.begin(), embedding(reshape(table, {size, width}), index));
    stride *= size;
  }
  const Value x = concat(parts, 1);
  if (!net.options.training || config_.dropout == 0) return x;
  const int64_t columns = config_.axial_shape.back();
  Tensor ones(DType::f32, {columns, 1});
  std::ranges::fill(ones.data<float>(), 1.0f);
  const Value kept = net.dropout(at, net.graph.constant(std::move(ones)), config_.dropout);
  return scale_rows(x, reshape(embedding(kept, axis_index(net.positions(), 1, columns)), {x.dim(0)}));
}

Value Reformer::attend(Net& net, const Scope& at, Value x, int64_t index) const {
  const Scope self = at / "self_attention", out = at / "output";
  const int64_t heads = config_.heads[index], width = heads * config_.head_size;
  x = net.norm(at / "layer_norm", x, config_.norm_eps);
  if (config_.kinds[index] == "local") {
    ChunkOptions window = config_.local;
    window.heads = static_cast<int>(heads);
    const Value q = net.linear_no_bias(self / "query", x, width);
    const Value k = net.linear_no_bias(self / "key", x, width);
    const Value v = net.linear_no_bias(self / "value", x, width);
    x = attend_local(net, self, q, k, v, window, config_.local_dropout);
  } else {
    ChunkOptions window = config_.lsh;
    window.heads = static_cast<int>(heads);
    LshSettings hash = config_.hash;
    hash.index = std::count(config_.kinds.begin(), config_.kinds.begin() + index, "lsh");
    const Value qk = net.linear_no_bias(self / "query_key", x, width);
    const Value v = net.linear_no_bias(self / "value", x, width);
    x = attend_lsh(net, self, qk, v, window, hash, config_.lsh_dropout);
  }
  return net.dropout(out, net.linear_no_bias(out / "dense", x, config_.hidden), config_.dropout);
}

Value Reformer::feed_forward(Net& net, const Scope& at, Value x, int64_t index) const {
  return in_row_pieces(x, config_.ffn_rows * net.shape.sequences, [&](Value y, int64_t piece) {
    const Scope inner = at / "dense", out = at / "output";
    y = net.linear(inner / "dense", net.norm(at / "layer_norm", y, config_.norm_eps), config_.ffn[index]);
    y = net.activate(net.dropout(inner / piece, y, config_.dropout), config_.activation);
    return net.dropout(out / piece, net.linear(out / "dense", y, config_.hidden), config_.dropout);
  });
}

// Both streams side by side.
Value Reformer::encode(Net& net, Scope at) const {
  const Scope e = at / "embeddings", words = e / "word_embeddings";
  const Value ids = net.embed(words, net.ids(), config_.vocab, config_.hidden);
  const Value places = embed_positions(net, e / "position_embeddings");
  Value x1 = add(net.dropout(words, ids, config_.dropout), places), x2 = x1;
  net.tap("hidden.0", x2);
  for (int64_t i = 0; i < info().layers; ++i) {
    const Scope layer = at / "encoder.layers" / i;
    x1 = reversible_sum(x1, [&] { return attend(net, layer / "attention", x2, i); });
    x2 = reversible_sum(x2, [&] { return feed_forward(net, layer / "feed_forward", x1, i); });
    net.tap("hidden." + std::to_string(i + 1), x2);
  }
  const Scope encoder = at / "encoder";
  return net.dropout(encoder, net.norm(encoder / "layer_norm", concat({x1, x2}, 1), config_.norm_eps),
                     config_.dropout);
}

// The checkpoints hold a bias beside the head, which the reference does not add.
Value Reformer::word_logits(Net& net, Value x) const {
  net.buffer("lm_head.bias", {config_.vocab});
  return in_row_pieces(x, config_.head_rows * net.shape.sequences, [&](Value y, int64_t) {
    return net.linear_no_bias("lm_head.decoder", y, config_.vocab);
  });
}

void Reformer::build(Net& net) const {
  const std::string& head = info().head;
  const Value x = encode(net, info().bare ? Scope() : Scope("reformer"));
  if (head == "Model") {
    net.output("last_hidden_state", x, Rows::token);
  } else if (head == "ModelWithLMHead" || head == "ForMaskedLM") {
    const Value logits = word_logits(net, x);
    net.output("logits", logits, Rows::token);
    token_loss(net, logits);
  } else if (head == "ForSequenceClassification") {
    const Scope at = "classifier";
    Value y = net.dropout(at / "first", net.first_of(x), config_.classifier_dropout);
    y = net.activate(net.linear(at / "dense", y, config_.hidden), Activation::tanh);
    y = net.dropout(at / "second", y, config_.classifier_dropout);
    const Value logits = net.linear(at / "out_proj", y, config_.labels);
    net.output("logits", logits, Rows::sequence);
    sequence_loss(net, logits, "labels", net.options.labels);
  } else {  // ForQuestionAnswering
    span_outputs(net, net.linear("qa_outputs", x, 2));
  }
}

}  // namespace frugal
